package dormouse.imap.sleep;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.auth.Credentials;
import dormouse.feed.BackendFeeds;
import dormouse.feed.Feed;
import dormouse.feed.FeedState;
import dormouse.imap.track.ClientFeatures;
import dormouse.imap.track.ResponseLine;
import dormouse.imap.track.SelectedMailbox;
import dormouse.imap.track.Verb;
import dormouse.imap.view.MailboxView;
import dormouse.imap.view.Told;
import dormouse.imap.view.UidSet;
import dormouse.session.HandClock;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What a user's mailboxes are when they have been folded and unfolded: what they were.
class FoldTest {
  private static final List<String> NAMES = List.of("INBOX", "\"Sent\"", "\"A &- B\"");

  private final OneLoop loop = new OneLoop();
  private final HandClock clock = loop.clock;
  private final BackendFeeds feeds = loop.feeds;
  private final Nowhere host = new Nowhere();
  private final Grant grant = grant("x");

  /// What is folded, and all of its fields. A field that is new must be folded, follow from what is, or keep the user from it
  /// ([UserMailboxes#folds]); then add it here.
  static Stream<List<Object>> parts() {
    return Stream.of(
        List.of(
            UserMailboxes.class,
            "in host sessions backend changes watches grant answers notify canNotify unused"),
        List.of(UserSessions.class, "in count asleep keptBytes"),
        List.of(Changes.class, "home epochs feeds turns namespaces writes echoes"),
        List.of(Namespaces.class, "foreign refusedMillis"),
        List.of(Answers.class, "home statuses lists selects desk"),
        List.of(UserBackend.class, "home now logins questions lendsToClients"),
        List.of(
            MailboxWatch.class,
            "home mailbox sleepers login state connection lookSoon provenMillis priority lingerUntilMillis then"),
        List.of(Sleepers.class, "sessions all readings"),
        List.of(
            Sleeper.class,
            "grant form hears rev2 listener view own sinceMillis sinceEpoch waitsFor behind watch"),
        List.of(
            Grant.class,
            "user authzid owner masters password standing question sharers letInMillis"),
        List.of(MailboxView.class, "uidValidity uidNext highestModSeq uids flags"),
        List.of(SelectCache.class, "home room said closedBy bytes now"),
        List.of(Epochs.class, "mailboxes any last"),
        List.of(OwnWrites.class, "listener underWay sessions written named wheel"),
        List.of(StatusCache.class, "changes in kept asked bytes"),
        List.of(ListCache.class, "changes in kept bytes now"));
  }

  @ParameterizedTest
  @MethodSource("parts")
  void nothingOfAUserIsForgotten(List<Object> part) {
    Class<?> type = (Class<?>) part.get(0);
    assertThat(
            Arrays.stream(type.getDeclaredFields())
                .filter(field -> !Modifier.isStatic(field.getModifiers()))
                .map(Field::getName))
        .as("%s has changed: what becomes of it when it is folded?", type.getSimpleName())
        .containsExactlyInAnyOrder(((String) part.get(1)).split(" "));
  }

  static IntStream seeds() {
    return IntStream.range(0, 100);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void whatIsUnfoldedIsWhatWasFolded(int seed) {
    Random random = new Random(seed);
    feeds.add("events", /* tellsAll= */ true).up();
    UserMailboxes all = user();
    String shared = random.nextBoolean() ? "NIL" : "((\"Shared/\" \"/\"))";
    hearNamespaces(all, shared);
    for (int i = random.nextInt(4); i > 0; i--) {
      all.changes().epochs().next(NAMES.get(random.nextInt(NAMES.size())));
    }
    String mailbox = NAMES.get(random.nextInt(NAMES.size()));
    if (random.nextBoolean()) {
      answered(all, query("INBOX"), random);
    }
    for (int i = 1 + random.nextInt(4); i > 0; i--) {
      all.enter();
      all.sessions().slept();
      String selected = random.nextInt(4) > 0 ? mailbox : "INBOX";
      Proof now = all.changes().proof(selected);
      sleep(
          all, selected, random, random.nextInt(4) > 0 ? now : new Proof(now.epoch(), Proof.NEVER));
    }
    clock.turn(Duration.ofMillis(random.nextInt(1_000_000)));
    List<String> before = told(all);
    assertThat(all.folds(grant)).isTrue();
    int asleep = all.sessions().asleep();
    List<String> kept = kept(all);

    FoldWriter folded = new FoldWriter();
    Answers.Beside beside = all.fold(folded);
    UserMailboxes again = unfold(folded, beside);
    assertThat(told(again)).isEqualTo(before);
    assertThat(again.sessions().asleep()).isEqualTo(asleep);
    assertThat(again.sessions().awake()).isZero();
    assertThat(kept(again)).isEqualTo(kept);
    assertThat(again.folds(grant)).isTrue();
    FoldWriter once = fold(again);
    FoldWriter twice = fold(unfold(once, null));
    assertThat(twice.own()).isEqualTo(once.own());
    assertThat(twice.alike()).isEqualTo(once.alike());
    assertThat(twice.soonest()).isEqualTo(once.soonest());
  }

  @Test
  void whatManyHaveAlikeIsEqual() {
    feeds.add("events", /* tellsAll= */ true).up();
    List<List<Object>> alike = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      UserMailboxes all = user();
      answered(all, query("INBOX"), new Random(i)); // other numbers
      all.enter();
      all.sessions().slept();
      sleep(all, "INBOX", new Random(i));
      alike.add(fold(all).alike());
    }
    assertThat(alike.getFirst()).isEqualTo(alike.getLast()).isNotEmpty();
  }

  @Test
  void whoIsAwakeOrIsUnderWayIsNotFolded() {
    feeds.add("events", /* tellsAll= */ true).up();
    UserMailboxes all = user();
    assertThat(all.folds(grant)).isFalse(); // nobody
    all.enter();
    assertThat(all.folds(grant)).isFalse(); // awake
    all.sessions().slept();
    assertThat(all.folds(grant)).isFalse(); // without a mailbox
    sleep(all, "INBOX", new Random(1));
    assertThat(all.folds(grant)).isTrue();
    all.changes().left("s1", /* allAnswered= */ true);
    assertThat(all.folds(grant)).isTrue(); // an echo may come, and is waited for
    StatusCache.Asked asked =
        all.answers()
            .statuses()
            .ask(Objects.requireNonNull(StatusQuery.of("Sent (MESSAGES)", new ClientFeatures())));
    assertThat(all.folds(grant)).isFalse(); // the backend is asked
    asked.failed();
    assertThat(all.folds(grant)).isTrue();
    assertThat(all.folds(grant("y"))).isFalse();
  }

  /// Neither a feed that turns while the user comes nor a session that ends last keeps anybody from it.
  @Test
  void whoIsLeftAloneAsleepMayBeFolded() {
    Feed feed = feeds.add("events", /* tellsAll= */ true);
    host.comes = feed::up; // it is not told that it has turned
    UserMailboxes all = user();
    all.enter();
    all.enter();
    all.sessions().slept();
    sleep(all, "INBOX", new Random(1));
    assertThat(all.folds(grant)).isFalse(); // the other is awake
    int rests = host.rests;
    all.exit();
    assertThat(host.rests).isGreaterThan(rests);
    assertThat(all.folds(grant)).isTrue();
  }

  /// Between the feeds' turn and the task that tells of it, whoever speaks first is answered nothing from before it.
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whoHasNotHeardOfATurnBelievesNothingFromBeforeIt(boolean folded) {
    Feed feed = feeds.add("events", /* tellsAll= */ true);
    feed.up();
    UserMailboxes all = user();
    hearNamespaces(all, "NIL");
    all.enter();
    all.sessions().slept();
    sleep(all, "INBOX", new Random(1));
    answered(all, query("INBOX"), new Random(1));
    StatusQuery status =
        Objects.requireNonNull(StatusQuery.of("INBOX (MESSAGES)", new ClientFeatures()));
    all.answers()
        .statuses()
        .ask(status)
        .answered(new StatusCache.Answer("* STATUS INBOX (MESSAGES 3)", "OK done"));
    ListQuery list =
        Objects.requireNonNull(ListQuery.of(Verb.LIST, "\"\" *", new ClientFeatures()));
    all.answers().lists().ask(list).answered("OK done", /* here= */ null);
    assertThat(believed(all, status, list)).containsExactly("NOOP", "STATUS", "LIST", "SELECT");

    FoldWriter out = new FoldWriter();
    Answers.Beside beside = folded ? all.fold(out) : null;
    feed.down("lost");
    feed.up();
    UserMailboxes now = folded ? unfold(out, beside) : all;
    assertThat(believed(now, status, list)).isEmpty();
    now.changes().turned();
    assertThat(believed(now, status, list)).isEmpty();
    assertThat(now.changes().heard("INBOX")).isEqualTo(FeedState.UP);
  }

  /// What would be answered from memory.
  private static List<String> believed(UserMailboxes all, StatusQuery status, ListQuery list) {
    List<String> believed = new ArrayList<>();
    if (all.sleepers().allMatch(one -> Objects.requireNonNull(one.watch()).proven(one))) {
      believed.add("NOOP");
    }
    if (all.answers().statuses().find(status) != null) {
      believed.add("STATUS");
    }
    if (all.answers().lists().find(list, "", /* here= */ null) != null) {
      believed.add("LIST");
    }
    if (known(all, query("INBOX"))) {
      believed.add("SELECT");
    }
    return believed;
  }

  @Test
  void whatMayEchoIsForgottenWhenItsTimeHasCome() {
    feeds.add("events", /* tellsAll= */ true).up();
    UserMailboxes all = user();
    all.enter();
    all.sessions().slept();
    sleep(all, "INBOX", new Random(1));
    all.changes().left("s1", /* allAnswered= */ true);
    FoldWriter folded = fold(all);
    assertThat(folded.soonest()).isEqualTo(OwnWrites.ECHO.plusSeconds(1));

    clock.turn(folded.soonest().minusSeconds(2));
    UserMailboxes soon = unfold(folded, null);
    assertThat(soon.changes().writes().awaitsEchoes()).isTrue();
    FoldWriter again = fold(soon);

    clock.turn(again.soonest());
    UserMailboxes late = unfold(again, null);
    assertThat(late.changes().writes().isEmpty()).isTrue();
    assertThat(fold(late).soonest()).isGreaterThan(OwnWrites.ECHO.multipliedBy(2));
  }

  @Test
  void whatAUserHasWrittenIsInTheRecord() {
    feeds.add("events", /* tellsAll= */ true).up();
    UserMailboxes all = user();
    all.enter();
    all.changes().writes().joined("s1");
    SelectedMailbox here = new SelectedMailbox("\"Sent\"", false);
    all.changes()
        .writes()
        .ended(
            Objects.requireNonNull(all.changes().writes().begun(Verb.STORE, here)), /* ok= */ true);
    all.changes().left("s1", /* allAnswered= */ true);
    all.sessions().slept();
    sleep(all, "INBOX", new Random(1));
    long named = all.changes().writes().named("\"Sent\"");
    assertThat(named).isPositive();

    FoldWriter folded = new FoldWriter();
    assertThat(all.fold(folded)).isNull(); // nothing stays on the heap
    UserMailboxes again = unfold(folded, null);
    assertThat(again.changes().writes().named("\"Sent\"")).isEqualTo(named);
    assertThat(again.changes().writes().isEcho("s1", "\"Sent\"")).isTrue();
    assertThat(again.changes().writes().isEcho("s1", "INBOX")).isFalse();
    assertThat(again.changes().writes().isEcho("s2", "\"Sent\"")).isFalse();

    again.changes().epochs().next("\"Sent\""); // another wrote, which makes it no less of an echo
    assertThat(again.changes().writes().isEcho("s1", "\"Sent\"")).isTrue();
    again
        .changes()
        .writes()
        .ended(
            Objects.requireNonNull(again.changes().writes().begun(Verb.STORE, here)),
            /* ok= */ true);
    assertThat(again.changes().writes().named("\"Sent\"")).isGreaterThan(named);

    clock.turn(OwnWrites.ECHO.plusSeconds(2));
    UserMailboxes late = unfold(folded, null);
    assertThat(late.changes().writes().isEcho("s1", "\"Sent\"")).isFalse();
    assertThat(late.changes().writes().named("\"Sent\"")).isEqualTo(named);
  }

  @Test
  void aGrantKnowsWhenItHasLetIn() {
    grant.letIn(clock.instant());
    FoldWriter out = new FoldWriter();
    grant.fold(out);
    Grant again = Grant.unfold(new FoldReader(out.own(), 0, out.alike()));
    assertThat(again.hasLetInSince(clock.instant())).isTrue();
    assertThat(again.hasLetInSince(clock.instant().plusMillis(1))).isFalse();
  }

  @Test
  void whatStaysBesideTheRecordKeepsNothingThatIsInIt() throws IllegalAccessException {
    feeds.add("events", /* tellsAll= */ true).up();
    UserMailboxes all = user();
    all.enter();
    all.sessions().slept();
    sleep(all, "INBOX", new Random(1));
    answered(all, query("INBOX"), new Random(1));
    all.changes().left("s1", /* allAnswered= */ true);
    StatusQuery query =
        Objects.requireNonNull(StatusQuery.of("INBOX (MESSAGES)", new ClientFeatures()));
    all.answers()
        .statuses()
        .ask(query)
        .answered(new StatusCache.Answer("* STATUS INBOX (MESSAGES 3)", "OK done"));
    assertThat(reachable(all)).hasAtLeastOneElementOfType(Sleeper.class);
    Set<Object> kept = reachable(Objects.requireNonNull(all.fold(new FoldWriter())));
    assertThat(kept).hasAtLeastOneElementOfType(StatusCache.class);
    assertThat(kept)
        .doesNotHaveAnyElementsOfTypes(
            UserMailboxes.class,
            Sleeper.class,
            MailboxWatch.class,
            Grant.class,
            OwnWrites.class,
            SelectCache.class);
  }

  /// All objects of ours that a user's object refers to, but for what many users share.
  private static Set<Object> reachable(Object from) throws IllegalAccessException {
    Set<Object> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    Deque<Object> next = new ArrayDeque<>(List.of(from));
    while (!next.isEmpty()) {
      Object one = next.pop();
      if (!seen.add(one)) {
        continue;
      }
      if (one instanceof Iterable<?> all) {
        all.forEach(next::push);
      } else if (one instanceof Object[] all) {
        next.addAll(Arrays.asList(all));
      } else if (one instanceof Map<?, ?> all) {
        all.values().forEach(next::push);
      } else if (one.getClass().getName().startsWith("dormouse.imap.sleep")
          && !(one instanceof UserMailboxes.Surroundings)) {
        for (Field field : one.getClass().getDeclaredFields()) {
          if (!Modifier.isStatic(field.getModifiers()) && !field.getType().isPrimitive()) {
            field.setAccessible(true);
            Object value = field.get(one);
            if (value != null) {
              next.push(value);
            }
          }
        }
      }
    }
    return seen;
  }

  private static void hearNamespaces(UserMailboxes all, String shared) {
    all.changes()
        .namespaces()
        .hear(ResponseLine.parse("* NAMESPACE ((\"\" \"/\")) NIL " + shared), /* utf8= */ false);
  }

  private UserMailboxes user() {
    UserMailboxes all = loop.of(host);
    assertThat(all.sharing(grant)).isSameAs(grant);
    return all;
  }

  private Grant grant(String password) {
    byte[] bytes = password.getBytes(StandardCharsets.UTF_8);
    return Objects.requireNonNull(
        Grant.of(
            new Credentials("ann", "", bytes),
            loop.backend,
            _ -> null,
            /* keepPassword= */ true,
            null));
  }

  private static FoldWriter fold(UserMailboxes all) {
    FoldWriter out = new FoldWriter();
    Answers.Beside _ = all.fold(out);
    return out;
  }

  private UserMailboxes unfold(FoldWriter folded, Answers.@Nullable Beside beside) {
    FoldReader in = new FoldReader(folded.own(), 0, folded.alike());
    return new UserMailboxes(
        loop.surroundings, host, loop.backend, in, beside, grant, (_, _) -> new Silent());
  }

  private void sleep(UserMailboxes all, String mailbox, Random random) {
    sleep(all, mailbox, random, all.changes().proof(mailbox));
  }

  private void sleep(UserMailboxes all, String mailbox, Random random, Proof since) {
    UidSet.Builder uids = UidSet.builder();
    for (long uid = 1L + random.nextInt(5); uid < 50; uid += 1 + random.nextInt(5)) {
      uids.add(uid);
    }
    MailboxView view =
        new MailboxView(1 + random.nextInt(3), 60, random.nextInt(3), uids.build(), null);
    OwnSets own =
        random.nextBoolean()
            ? OwnSets.NONE
            : new OwnSets(UidSet.of(1 + random.nextInt(9)), UidSet.EMPTY);
    Sleeper sleeper =
        new Sleeper(
            new Snapshot.Result.Taken(view, since, own),
            any(random, Told.values()),
            random.nextBoolean(),
            grant,
            new Silent(mailbox));
    sleeper.hears(any(random, Sleeper.Hears.values()));
    all.sessions().kept(sleeper.keptBytes());
    all.join(sleeper);
  }

  private static <T> T any(Random random, T[] of) {
    return of[random.nextInt(of.length)];
  }

  /// All that can be told of its sleepers.
  private static List<String> told(UserMailboxes all) {
    return all.sleepers()
        .map(one ->
            one.view()
                + " "
                + one.own
                + one.form()
                + one.hears()
                + one.rev2
                + one.behind
                + one.since()
                + Objects.requireNonNull(one.watch()).mailbox()
                + one.watch().proven(one))
        .toList();
  }

  /// What is known of mailboxes.
  private static List<String> kept(UserMailboxes all) {
    return NAMES.stream()
        .map(name ->
            all.changes().epochs().of(name)
                + " "
                + all.changes().heard(name)
                + " "
                + known(all, query(name)))
        .toList();
  }

  private static boolean known(UserMailboxes all, SelectQuery query) {
    return all.answers().selects().find(query, /* left= */ false) != null;
  }

  private static SelectQuery query(String mailbox) {
    return Objects.requireNonNull(SelectQuery.of(Verb.SELECT, mailbox, new ClientFeatures()));
  }

  private static void answered(UserMailboxes all, SelectQuery query, Random random) {
    int uidValidity = 1 + random.nextInt(3);
    SelectedMailbox opened = query.mailbox();
    SelectCache.Asked asked = all.answers().selects().ask(query);
    for (String line :
        List.of(
            "* FLAGS (\\Seen)",
            "* 3 EXISTS",
            "* 0 RECENT",
            "* OK [UIDVALIDITY " + uidValidity + "] ok",
            "* OK [UIDNEXT 14] ok",
            "* OK [HIGHESTMODSEQ 50] ok")) {
      opened.hear(ResponseLine.parse(line));
      asked.hear(ResponseLine.parse(line));
    }
    asked.answered(ResponseLine.parse("a1 OK [READ-WRITE] done"), opened, /* left= */ false);
    MailboxView view = new MailboxView(uidValidity, 14, 50, UidSet.of(11, 12, 13), null);
    all.saw("INBOX", view, all.changes().proof("INBOX"));
  }

  /// Where nobody is sent.
  private static final class Nowhere extends Ann {
    int rests;
    Runnable comes = () -> {};

    @Override
    public void rests() {
      rests++;
    }

    @Override
    public BackendFeeds.Listener heardBy(Changes changes) {
      comes.run();
      return changes;
    }
  }
}
