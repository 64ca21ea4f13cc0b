package dormouse.directory;

import dormouse.directory.Link.Heeds;
import dormouse.directory.password.KeyedHash;
import dormouse.directory.password.SealedPassword;
import dormouse.session.Client;
import io.netty.util.NetUtil;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateEncodingException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Base64;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeSet;
import javax.crypto.Mac;
import org.jspecify.annotations.Nullable;

/// What a link has answered, kept for a while: acceptances, refusals and that it does not know a user; never that it cannot
/// tell, or not now.
///
/// An answer is found by user and proof together, a token's by its mechanism, too, in whose own words it is refused, and by from where the client
/// comes if the link heeds that, under a keyed hash (HMAC-SHA256 with a key of this cache alone), so that no client's password lies in it and another password never finds the answer to this one. A password for the backend, which is part of
/// an answer, lies in it sealed. Bounded: the answer that was used longest ago makes room. Any thread.
final class AnswerCache {
  /// A hash that stands for an attempt.
  record Key(String hash) {}

  /// @param answer without the password for the backend
  /// @param pass that password; null if it tells none
  /// @param number counts them, so that no two are the same
  private record Kept(
      Key key, Answer answer, @Nullable SealedPassword pass, long untilMillis, long number) {
    Answer opened() {
      return pass == null ? answer : with(answer, pass.open());
    }
  }

  private final long acceptedMillis;
  private final long refusedMillis;
  private final Set<Heeds> heeds;
  private final InstantSource clock;
  private final KeyedHash keyed = new KeyedHash();
  private final int entries;
  private final Map<Key, Kept> kept = new LinkedHashMap<>(16, 0.75f, /* accessOrder= */ true);
  private final NavigableSet<Kept> byEnd =
      new TreeSet<>(Comparator.comparingLong(Kept::untilMillis).thenComparingLong(Kept::number));
  private long count;

  /// @param accepted how long acceptances are kept; zero: not at all
  /// @param refused how long refusals and unknown users are kept; zero: not at all
  /// @param entries how many answers at most
  /// @param heeds what the link's answers go by
  AnswerCache(
      Duration accepted, Duration refused, int entries, Set<Heeds> heeds, InstantSource clock) {
    this.acceptedMillis = accepted.toMillis();
    this.refusedMillis = refused.toMillis();
    this.heeds = heeds;
    this.clock = clock;
    this.entries = entries;
  }

  /// What stands for an attempt; null if nothing is kept for it: it is never the same again, or it asks a link again for what was
  /// said is too old, or not believed any more.
  @Nullable Key keyOf(Attempt attempt) {
    if (heeds.contains(Heeds.CLIENT_PORT)) {
      return null;
    }
    return switch (attempt.proof()) {
      case Proof.Password(var password) -> key(attempt, "password", password);
      case Proof.Token(var token) -> key(attempt, attempt.mechanism(), token);
      case Proof.Certificate _ -> key(attempt, "certificate", new byte[0]);
      case Proof.CramMd5 _, Proof.Scram _, Proof.Resumed _ -> null;
    };
  }

  private Key key(Attempt attempt, String kind, byte[] secret) {
    try {
      Mac mac = keyed.begin();
      add(mac, kind);
      add(mac, attempt.protocol());
      add(mac, attempt.tls() == null ? "" : "tls");
      add(mac, attempt.user());
      add(mac, attempt.authzid());
      if (attempt.tls() != null && attempt.tls().certificate() != null) {
        mac.update(attempt.tls().certificate().getEncoded()); // DER says how long it is
        add(mac, attempt.tls().certificateFault());
      }
      if (heeds.contains(Heeds.WAY_IN)) {
        addWayIn(mac, attempt.client());
      }
      mac.update(secret);
      return new Key(Base64.getEncoder().encodeToString(mac.doFinal()));
    } catch (CertificateEncodingException e) {
      throw new IllegalStateException(e); // it was read from DER
    }
  }

  private static void addWayIn(Mac mac, Client client) {
    add(mac, NetUtil.toAddressString(client.remote().getAddress()));
    add(mac, NetUtil.toSocketAddressString(client.local()));
    add(mac, client.serverName());
  }

  /// Length first, so that no two attempts come to the same bytes.
  private static void add(Mac mac, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    mac.update(ByteBuffer.allocate(4).putInt(bytes.length).flip());
    mac.update(bytes);
  }

  /// The answer that is kept; null if there is none any more.
  synchronized @Nullable Answer get(Key key) {
    sweep();
    Kept found = kept.get(key);
    return found == null ? null : found.opened();
  }

  /// Keeps an answer, if it is one to keep.
  ///
  /// @return whether it is: then [#sweep] is called now and then
  synchronized boolean put(Key key, Answer answer) {
    long forMillis =
        switch (answer) {
          case Answer.Accept(_, var own) -> own == null ? acceptedMillis : own.toMillis();
          case Answer.Learnt _ -> acceptedMillis;
          case Answer.Reject(var code, _, _, _, _) when Answer.Reject.passes(code) -> 0;
          case Answer.Reject _, Answer.NotMine _ -> refusedMillis;
          case Answer.CannotTell _, Answer.AskAgain _, Answer.Prove _ -> 0;
        };
    if (forMillis <= 0) {
      return false;
    }
    byte[] pass = pass(answer);
    Kept next =
        new Kept(
            key,
            with(answer, null),
            pass == null ? null : SealedPassword.seal(pass),
            clock.millis() + forMillis,
            count++);
    drop(kept.get(key));
    if (kept.size() >= entries) {
      drop(kept.values().iterator().next());
    }
    kept.put(key, next);
    byEnd.add(next);
    return true;
  }

  private static byte @Nullable [] pass(Answer answer) {
    return switch (answer) {
      case Answer.Accept(Facts facts, _) -> facts.pass();
      case Answer.Learnt(_, Facts facts) -> facts.pass();
      case Answer.Reject _,
          Answer.NotMine _,
          Answer.CannotTell _,
          Answer.Prove _,
          Answer.AskAgain _ ->
          null;
    };
  }

  private static Answer with(Answer answer, byte @Nullable [] pass) {
    return switch (answer) {
      case Answer.Accept(Facts facts, var own) ->
          new Answer.Accept(new Facts(facts.fields(), pass), own);
      case Answer.Learnt(var user, Facts facts) ->
          new Answer.Learnt(user, new Facts(facts.fields(), pass));
      case Answer.Reject _,
          Answer.NotMine _,
          Answer.CannotTell _,
          Answer.Prove _,
          Answer.AskAgain _ ->
          answer;
    };
  }

  /// Forgets whatever is over.
  ///
  /// @return whether anything is left
  synchronized boolean sweep() {
    long now = clock.millis();
    while (!byEnd.isEmpty() && byEnd.first().untilMillis <= now) {
      drop(byEnd.first());
    }
    return !byEnd.isEmpty();
  }

  private void drop(@Nullable Kept over) {
    if (over == null) {
      return;
    }
    kept.remove(over.key);
    byEnd.remove(over);
    if (over.pass != null) {
      over.pass.wipe();
    }
  }

  /// Forgets all.
  synchronized void clear() {
    List.copyOf(byEnd).forEach(this::drop);
  }

  synchronized int size() {
    return kept.size();
  }
}
