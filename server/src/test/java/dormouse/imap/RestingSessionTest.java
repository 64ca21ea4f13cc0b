package dormouse.imap;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.imap.track.ClientFeatures;
import dormouse.imap.track.CommandTracker;
import dormouse.imap.track.ResponseTracker;
import dormouse.imap.track.SelectedMailbox;
import dormouse.imap.view.UidSet;
import dormouse.session.Client;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class RestingSessionTest {
  /// What a session that sleeps consists of, and all of its fields. A field that is new must be kept by [RestingSession], follow
  /// from what is kept, or keep the session from resting ([ImapSession] and [Conversation.Rest] say how); then add it here.
  static Stream<List<Object>> parts() {
    return Stream.of(
        List.of(
            ImapSession.class,
            "setting presence who clientId user home grant client conversation quiet rules rest state loggedOut kicked goesDown undecided"),
        List.of(
            SessionRest.class,
            "setting presence who clientId client conversation quiet again spokeLately soon"),
        List.of(
            Conversation.class,
            "writes answers recent events toClient responses queue features selected opening compress capabilities tainted"
                + " swallowContinuation notify notified searchContext searchSaved unknownCommand"),
        List.of(PassingAnswers.class, "selects statuses list select"),
        List.of(
            ClientSide.class,
            "parking closed home metrics host stall commands unread mayCompress compression malformed ended wire"
                + " parks kept sending"),
        List.of(
            Doze.class,
            "host settle home client conversation commands backend asker neverAwake keepAlive since idleTag sleeper watch"
                + " patience patientUntilMillis looking looked kept question desked list opening"),
        List.of(
            QuietClock.class,
            "home shortest restful sleep timer dueAtMillis lastActivityMillis wokeAt doublings declined"),
        List.of(KeepAlive.class, "home phase beat timer spoken"),
        List.of(StayRules.class, "home settings wayBack client conversation"),
        List.of(UnreadBytes.class, "allocator bytes feeding ended"),
        List.of(
            CommandTracker.class,
            "listener scanner words state fate tag verb why lineBytes literalLeft keeping"
                + " kept keptBytes"),
        List.of(
            ResponseTracker.class,
            "listener recent holdStatus holdLists head scanner vanished filter vanishedBytes state kind hideModseq fetching"
                + " literalLeft held heldBytes lineFrom atLineStart"),
        List.of(ClientFeatures.class, "enabled condstore"),
        List.of(
            SelectedMailbox.class,
            "name nameInUtf7 examine exists moves fetches recent uidValidity uidNext highestModSeq noModSeq"
                + " uidNotSticky flags permanentFlags"),
        List.of(Client.class, "sessionId remote local tls serverName via"));
  }

  @ParameterizedTest
  @MethodSource("parts")
  void nothingOfASessionIsForgotten(List<Object> part) {
    Class<?> type = (Class<?>) part.get(0);
    assertThat(
            Arrays.stream(type.getDeclaredFields())
                .filter(field -> !Modifier.isStatic(field.getModifiers()))
                .map(Field::getName))
        .as("%s has changed: what becomes of it in RestingSession?", type.getSimpleName())
        .containsExactlyInAnyOrder(((String) part.get(1)).split(" "));
  }

  @Test
  void whatIsItsOwnComesBack() throws UnknownHostException {
    long seed = Long.getLong("dormouse.seed", System.nanoTime());
    Random random = new Random(seed);
    for (int i = 0; i < 10_000; i++) {
      OwnFacts facts =
          new OwnFacts(
              "s".repeat(random.nextInt(100)),
              address(random),
              random.nextBoolean()
                  ? null
                  : "t".repeat(1 + random.nextInt(CommandTracker.MAX_TAG_BYTES)),
              random.nextInt(20),
              instant(random),
              0,
              instant(random),
              random.nextInt(10),
              random.nextBoolean(),
              number(random),
              number(random),
              number(random),
              number(random),
              number(random),
              random.nextBoolean() ? UidSet.EMPTY : UidSet.of(1 + random.nextInt(9), 100, 101));
      byte[] packed = facts.packed();
      byte[] longer = Arrays.copyOf(packed, packed.length + random.nextInt(50)); // as in a slot
      assertThat(OwnFacts.unpack(longer)).as("seed %d", seed).isEqualTo(facts);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {4, 16})
  void whatIsItsOwnFitsIntoTheSlotMostly(int addressBytes) throws UnknownHostException {
    InetSocketAddress remote =
        new InetSocketAddress(InetAddress.getByAddress(new byte[addressBytes]), 50_000);
    Instant now = Instant.ofEpochMilli(1_800_000_000_000L);
    OwnFacts usual =
        new OwnFacts(
            "abcdefgh",
            remote,
            "a12",
            0,
            now,
            0,
            Instant.EPOCH,
            0,
            false,
            1000,
            0,
            1_700_000_000,
            2000,
            5000,
            UidSet.EMPTY);
    assertThat(usual.packed().length).isLessThanOrEqualTo(52);
  }

  private static InetSocketAddress address(Random random) throws UnknownHostException {
    byte[] bytes = new byte[random.nextBoolean() ? 4 : 16];
    random.nextBytes(bytes);
    return new InetSocketAddress(InetAddress.getByAddress(bytes), random.nextInt(1 << 16));
  }

  private static Instant instant(Random random) {
    return Instant.ofEpochMilli(random.nextLong(4_000_000_000_000L));
  }

  private static long number(Random random) {
    return random.nextLong() >>> (1 + random.nextInt(63));
  }
}
