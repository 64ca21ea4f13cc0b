package dormouse.auth;

import dormouse.config.Network;
import dormouse.directory.Proof;
import dormouse.session.Client;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// What is kept of a login to ask the directory about its user again, in the client's sleep, and what it has said last. Nothing of what
/// the client has shown. Shared by the user's sessions that have logged in the same way; lives on the user's event loop.
public final class Standing {
  /// All of it, to be made again of.
  ///
  /// @param alike what many have
  public record Folded(String user, String typed, String authzid, long askedMillis, Alike alike) {}

  /// What many have alike.
  public record Alike(
      Proof.Kind shown, String by, String place, List<Network> from, @Nullable Duration refresh) {}

  private final String user;
  private final String typed;
  private final String authzid;
  private final Proof.Kind shown;
  private final String by;
  private String place;
  private List<Network> from;
  private @Nullable Duration refresh;
  private long askedMillis;

  /// @param user by the one name
  /// @param typed as the client has named it
  /// @param authzid whose mail it is to be, as the client has said
  /// @param shown what it has shown for that
  /// @param by the kind of link that has let it in
  /// @param place where the directory sends it
  /// @param from the networks from which alone it may come; empty: from everywhere
  /// @param refresh how old this may get, if the directory has said so
  /// @param askedMillis when the directory has said so
  Standing(
      String user,
      String typed,
      String authzid,
      Proof.Kind shown,
      String by,
      String place,
      List<Network> from,
      @Nullable Duration refresh,
      long askedMillis) {
    this.user = user;
    this.typed = typed.equals(user) ? user : typed; // one object
    this.authzid = authzid;
    this.shown = shown;
    this.by = by;
    this.place = place;
    this.from = from;
    this.refresh = refresh;
    this.askedMillis = askedMillis;
  }

  public Folded folded() {
    return new Folded(
        user, typed, authzid, askedMillis, new Alike(shown, by, place, from, refresh));
  }

  public static Standing unfolded(Folded from) {
    Alike alike = from.alike();
    return new Standing(
        from.user(),
        from.typed(),
        from.authzid(),
        alike.shown(),
        alike.by(),
        alike.place(),
        alike.from(),
        alike.refresh(),
        from.askedMillis());
  }

  String typed() {
    return typed;
  }

  String authzid() {
    return authzid;
  }

  Proof.Kind shown() {
    return shown;
  }

  String by() {
    return by;
  }

  /// Whether it is of this user, by the one name.
  public boolean isOf(String name) {
    return user.equals(name);
  }

  /// Whether the user may come from where this client is, as far as the directory has said last.
  public boolean allows(Client client) {
    return from.isEmpty() || Network.contain(from, client.remote().getAddress());
  }

  /// Where the directory has sent the user last ([dormouse.route.Route#place]).
  public String place() {
    return place;
  }

  /// Whether the directory is to be asked again before anything else is done for the user.
  ///
  /// @param usual how old what it has said may get, unless it has said otherwise
  public boolean isDue(Duration usual, long nowMillis) {
    return isOlderThan(Objects.requireNonNullElse(refresh, usual), nowMillis);
  }

  /// Whether what was said is older than that.
  public boolean isOlderThan(Duration age, long nowMillis) {
    return nowMillis - askedMillis >= age.toMillis();
  }

  /// The directory has said that nothing has changed, or nothing that it could tell.
  public void confirmed(long nowMillis) {
    askedMillis = nowMillis;
  }

  /// The directory has let the user in.
  ///
  /// @param to where it sends it
  /// @param within how old this may get; null: as usual
  public void confirmed(
      String to, List<Network> allowed, @Nullable Duration within, long nowMillis) {
    place = to;
    from = allowed;
    refresh = within;
    askedMillis = nowMillis;
  }

  /// Takes the other's place, and what it was told, if the same question would be asked for it.
  ///
  /// @param later of a login that came later
  /// @return whether it would
  public boolean share(Standing later) {
    boolean same =
        user.equals(later.user)
            && typed.equals(later.typed)
            && authzid.equals(later.authzid)
            && shown == later.shown
            && by.equals(later.by);
    if (same) {
      confirmed(later.place, later.from, later.refresh, later.askedMillis);
    }
    return same;
  }
}
