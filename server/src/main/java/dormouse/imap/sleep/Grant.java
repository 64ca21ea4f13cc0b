package dormouse.imap.sleep;

import dormouse.auth.Credentials;
import dormouse.auth.MasterUser;
import dormouse.auth.Standing;
import dormouse.backend.Backend;
import dormouse.directory.password.SealedPassword;
import dormouse.session.Client;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// The leave to log a user in again while the client is not asked: by a master user of the backend, else by the client's own password, which is
/// kept sealed until the session ends. Lives on the user's event loop.
public final class Grant {
  private final String user;
  private final String authzid;
  private final String owner;
  private final Function<String, @Nullable MasterUser> masters;
  private @Nullable SealedPassword password;
  private final @Nullable Standing standing;
  private @Nullable CompletableFuture<LoginAgain.Said> question;
  private int sharers = 1;
  private long letInMillis; // 0: never

  private Grant(
      Credentials credentials,
      Function<String, @Nullable MasterUser> masters,
      @Nullable SealedPassword password,
      @Nullable Standing standing) {
    this.user = credentials.user();
    this.authzid = credentials.authzid();
    this.owner = credentials.owner();
    this.masters = masters;
    this.password = password;
    this.standing = standing;
  }

  @SuppressWarnings("unchecked") // it was one when it was written
  private Grant(FoldReader in) {
    this.user = in.name();
    this.authzid = in.name();
    this.owner = in.name();
    this.masters = (Function<String, @Nullable MasterUser>) in.alike(Function.class);
    this.password = in.flag() ? SealedPassword.ofSealed(in.bytes()) : null;
    this.standing = in.flag() ? standing(in) : null;
    this.sharers = (int) in.number();
    this.letInMillis = in.number();
  }

  /// For who has logged in at a backend; null if there is no way to do so again.
  ///
  /// @param masters the master users there are, by the names of their backends
  /// @param standing by which the directory can be asked again; null if it could say nothing
  /// @param keepPassword whether the client's password may be kept; nothing of it is if the backend has a master user, nor of a token
  public static @Nullable Grant of(
      Credentials credentials,
      Backend backend,
      Function<String, @Nullable MasterUser> masters,
      boolean keepPassword,
      @Nullable Standing standing) {
    if (!isPossible(credentials, backend, masters, keepPassword)) {
      return null;
    }
    SealedPassword password =
        masters.apply(backend.name()) == null ? SealedPassword.seal(credentials.password()) : null;
    return new Grant(credentials, masters, password, standing);
  }

  /// Whether there is one for who logs in at a backend; as in [#of].
  public static boolean isPossible(
      Credentials credentials,
      Backend backend,
      Function<String, @Nullable MasterUser> masters,
      boolean keepPassword) {
    boolean byPassword = keepPassword && !credentials.token(); // which runs out
    return byPassword || masters.apply(backend.name()) != null;
  }

  /// What was [#fold]ed.
  public static Grant unfold(FoldReader in) {
    return new Grant(in);
  }

  private static Standing standing(FoldReader in) {
    return Standing.unfolded(
        new Standing.Folded(
            in.name(), in.name(), in.name(), in.number(), in.alike(Standing.Alike.class)));
  }

  /// Writes what is needed to make it again; the password remains sealed.
  public void fold(FoldWriter out) {
    out.name(user);
    out.name(authzid);
    out.name(owner);
    out.alike(masters);
    out.flag(password != null);
    if (password != null) {
      out.bytes(password.sealed());
    }
    out.flag(standing != null);
    if (standing != null) {
      Standing.Folded told = standing.folded();
      out.name(told.user());
      out.name(told.typed());
      out.name(told.authzid());
      out.number(told.askedMillis());
      out.alike(told.alike());
    }
    out.number(sharers);
    out.number(letInMillis);
  }

  /// A backend has let the user in by it.
  ///
  /// @param at when; for a connection that was lent that is long past
  void letIn(Instant at) {
    letInMillis = Math.max(letInMillis, at.toEpochMilli());
  }

  /// Whether a backend has let the user in by it at that moment or since. It is asked with when a session came, for who shares it has come at another time.
  public boolean hasLetInSince(Instant moment) {
    return letInMillis >= moment.toEpochMilli();
  }

  /// Whose login the client's was.
  public String user() {
    return user;
  }

  /// What logs the user in at a backend, once, for the caller to wipe; null if there is nothing that does.
  public @Nullable Credentials open(Backend backend) {
    MasterUser master = masters.apply(backend.name());
    if (master != null) {
      return master.as(owner);
    }
    return password == null ? null : new Credentials(user, authzid, password.open());
  }

  /// By what the directory can be asked again; null if it could say nothing.
  @Nullable Standing standing() {
    return standing;
  }

  /// The question to the directory that is under way; null if there is none. It is answered when the answer has been taken in.
  @Nullable CompletableFuture<LoginAgain.Said> question() {
    return question;
  }

  /// The directory is being asked; null: it has answered.
  void asks(@Nullable CompletableFuture<LoginAgain.Said> question) {
    this.question = question;
  }

  /// Whether its user may come from where this client is, as far as the directory has said last.
  boolean allows(Client client) {
    return standing == null || standing.allows(client);
  }

  /// Whether it is for the same login, and for the same mail.
  boolean isFor(Credentials credentials) {
    return user.equals(credentials.user()) && authzid.equals(credentials.authzid());
  }

  /// The directory has said anew what to log in with. Nothing is kept of it if nothing was kept before.
  void renew(Credentials credentials) {
    SealedPassword old = password;
    if (old != null && sharers > 0) {
      password = SealedPassword.seal(credentials.password());
      old.wipe();
    }
  }

  /// Takes the other's place if it is the same leave; the other is wiped then. Each who has it says when its session ends.
  ///
  /// @return whether it is the same
  public boolean share(Grant other) {
    boolean same =
        sharers > 0
            && other != this
            && user.equals(other.user)
            && authzid.equals(other.authzid)
            && owner.equals(other.owner)
            && masters.equals(other.masters)
            && samePassword(other)
            && sameStanding(other);
    if (same) {
      sharers++;
      other.wipe();
    }
    return same;
  }

  private boolean sameStanding(Grant other) {
    if (standing == null || other.standing == null) {
      return standing == other.standing;
    }
    return standing.share(other.standing);
  }

  private boolean samePassword(Grant other) {
    if (password == null || other.password == null) {
      return password == other.password;
    }
    byte[] mine = password.open();
    byte[] theirs = other.password.open();
    try {
      return MessageDigest.isEqual(mine, theirs);
    } finally {
      Arrays.fill(mine, (byte) 0);
      Arrays.fill(theirs, (byte) 0);
    }
  }

  /// A session that has it has ended.
  public void wipe() {
    if (--sharers == 0 && password != null) {
      password.wipe();
    }
  }
}
