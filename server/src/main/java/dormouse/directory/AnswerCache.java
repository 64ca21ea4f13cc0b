package dormouse.directory;

import dormouse.directory.Link.Heeds;
import dormouse.session.Client;
import io.netty.util.NetUtil;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/// What a link has answered, kept for a while: acceptances, refusals and that it does not know a user; never that it cannot
/// tell.
///
/// An answer is found by user, mechanism and proof together, and by from where the client comes if the link heeds that, under a keyed hash (HMAC-SHA256 with a key of this cache alone),
/// so that no password lies in it and another password never finds the answer to this one. Bounded: the answer that was used
/// longest ago makes room. Any thread.
final class AnswerCache {
  private static final String HMAC = "HmacSHA256";

  /// A hash that stands for an attempt.
  record Key(String hash) {}

  private record Kept(Answer answer, long untilMillis) {}

  private final long acceptedMillis;
  private final long refusedMillis;
  private final Set<Heeds> heeds;
  private final InstantSource clock;
  private final SecretKeySpec secret;
  private final Map<Key, Kept> kept;

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
    byte[] random = new byte[32];
    new SecureRandom().nextBytes(random);
    this.secret = new SecretKeySpec(random, HMAC);
    this.kept =
        new LinkedHashMap<>(16, 0.75f, /* accessOrder= */ true) {
          @Override
          protected boolean removeEldestEntry(Map.Entry<Key, Kept> eldest) {
            return size() > entries;
          }
        };
  }

  /// What stands for an attempt; null if nothing is kept for it: it is never the same again, or it asks a link again for what was
  /// said is too old, or not believed any more.
  @Nullable Key keyOf(Attempt attempt) {
    if (heeds.contains(Heeds.CLIENT_PORT)) {
      return null;
    }
    return switch (attempt.proof()) {
      case Proof.Password(var password) -> key(attempt, "password", password);
      case Proof.Token(var token) -> key(attempt, "token", token);
      case Proof.Certificate _ -> key(attempt, "certificate", new byte[0]);
      case Proof.CramMd5 _, Proof.Scram _, Proof.Resumed _ -> null;
    };
  }

  private Key key(Attempt attempt, String kind, byte[] secret) {
    try {
      Mac mac = Mac.getInstance(HMAC);
      mac.init(this.secret);
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
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(HMAC, e); // every JDK has it
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
    Kept found = kept.get(key);
    if (found == null) {
      return null;
    }
    if (found.untilMillis <= clock.millis()) {
      kept.remove(key);
      return null;
    }
    return found.answer;
  }

  /// Keeps an answer, if it is one to keep.
  synchronized void put(Key key, Answer answer) {
    long forMillis =
        switch (answer) {
          case Answer.Accept(_, var own) -> own == null ? acceptedMillis : own.toMillis();
          case Answer.Learnt _ -> acceptedMillis;
          case Answer.Reject _, Answer.NotMine _ -> refusedMillis;
          case Answer.CannotTell _, Answer.AskAgain _, Answer.Prove _ -> 0;
        };
    if (forMillis > 0) {
      kept.put(key, new Kept(answer, clock.millis() + forMillis));
    }
  }

  synchronized int size() {
    return kept.size();
  }
}
