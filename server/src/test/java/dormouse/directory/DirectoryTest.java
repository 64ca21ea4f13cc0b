package dormouse.directory;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dormouse.config.BackendLinkSettings;
import dormouse.config.LinkSettings;
import dormouse.config.LinkSettings.Unavailable;
import dormouse.config.MapLinkSettings;
import dormouse.directory.step.MapLink;
import dormouse.ops.Metrics;
import dormouse.session.Client;
import dormouse.session.HandClock;
import dormouse.session.TimerWheel;
import dormouse.tls.records.ChannelBindings;
import dormouse.tls.records.HandshakeFacts;
import io.netty.channel.EventLoop;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.pkitesting.CertificateBuilder;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/// The chain and what stands around each link of it; the links are scripted.
class DirectoryTest {
  private static final Answer NOT_MINE = new Answer.NotMine();
  private static final Answer DOWN = new Answer.CannotTell("down");
  private static final Answer ACCEPT = Facts.accept(Map.of("host", "mx9"));

  private final HandClock clock = new HandClock();
  private final TimerWheel wheel = new TimerWheel(clock);
  private final Metrics metrics = new Metrics();
  private final EmbeddedChannel channel = new EmbeddedChannel();
  private final List<String> asked = new ArrayList<>();

  @Test
  void linksAreAskedUntilOneDecides() {
    Directory directory =
        directory(link("a", NOT_MINE), link("b", ACCEPT), link("c", Answer.reject()));

    assertThat(ask(directory, "ann", "secret")).isEqualTo(ACCEPT);
    assertThat(asked).containsExactly("a ann", "b ann");
    assertThat(metrics.scrape())
        .contains("dormouse_directory_answers_total{link=\"a\",result=\"not-mine\"} 1.0")
        .contains("dormouse_directory_answers_total{link=\"b\",result=\"accepted\"} 1.0");
  }

  /// One that is made, and round which nothing can be put, is closed with the others.
  @Test
  void aMistakeOfOursLeavesNoLinkOpen() {
    List<String> closed = new ArrayList<>();
    LinkMaker maker =
        (_, name, _) ->
            new Link() {
              @Override
              public CompletableFuture<Answer> ask(Attempt attempt, EventLoop loop) {
                return CompletableFuture.completedFuture(NOT_MINE);
              }

              @Override
              public Set<Heeds> heeds() {
                if (name.startsWith("2")) {
                  throw new IllegalStateException("unheeded");
                }
                return Set.of();
              }

              @Override
              public void close() {
                closed.add(name);
              }
            };
    LinkSettings each = settings(Unavailable.NEXT, 0, 0, 10, 0);
    assertThatThrownBy(() -> Directory.of(List.of(each, each), maker, clock, metrics))
        .hasMessage("unheeded");
    assertThat(closed).hasSize(2);
  }

  @Test
  void aRefusalIsTheEnd() {
    Directory directory = directory(link("a", Answer.reject("EXPIRED", "Pay")), link("b", ACCEPT));

    assertThat(ask(directory, "ann", "secret")).isEqualTo(Answer.reject("EXPIRED", "Pay"));
    assertThat(asked).containsExactly("a ann");
  }

  @Test
  void whomNobodyKnowsIsRefused() {
    Directory directory = directory(link("a", NOT_MINE), link("b", NOT_MINE));

    assertThat(ask(directory, "ann", "secret")).isEqualTo(Answer.reject());
  }

  @Test
  void aLinkThatCannotTellEndsTheChain() {
    Directory directory = directory(link("a", DOWN), link("b", ACCEPT));

    assertThat(ask(directory, "ann", "secret")).isEqualTo(DOWN);
    assertThat(asked).containsExactly("a ann");
  }

  @Test
  void afterALinkThatMayBeDownTheNextIsAsked() {
    Directory directory =
        directory(link("a", DOWN, settings(Unavailable.NEXT, 0, 0, 10, 0)), link("b", ACCEPT));

    assertThat(ask(directory, "ann", "secret")).isEqualTo(ACCEPT);
  }

  @Test
  void whomOnlyALinkThatIsDownMayKnowIsNotRefused() {
    Directory directory =
        directory(link("a", DOWN, settings(Unavailable.NEXT, 0, 0, 10, 0)), link("b", NOT_MINE));

    assertThat(ask(directory, "ann", "secret")).isEqualTo(DOWN);
  }

  @Test
  void aLinkThatFailsCannotTell() {
    Link failing = (_, _) -> CompletableFuture.failedFuture(new IllegalStateException("no driver"));
    Directory directory = directory(guarded("a", failing, settings(Unavailable.STOP, 0, 0, 10, 0)));

    assertThat(ask(directory, "ann", "secret"))
        .isInstanceOfSatisfying(
            Answer.CannotTell.class, cannot -> assertThat(cannot.why()).contains("no driver"));
  }

  @Test
  void aLinkThatThrowsCannotTellEither() {
    Link throwing =
        (_, _) -> {
          throw new IllegalStateException("a bug");
        };
    Link deep =
        (_, _) -> {
          throw new StackOverflowError();
        };
    LinkSettings next = settings(Unavailable.NEXT, 0, 0, 10, 0);
    Directory directory =
        directory(guarded("a", throwing, next), guarded("b", deep, next), link("c", DOWN));

    assertThat(ask(directory, "ann", "secret")).isEqualTo(DOWN);
    assertThat(metrics.scrape())
        .contains("dormouse_directory_answers_total{link=\"a\",result=\"failed\"} 1.0")
        .contains("dormouse_directory_answers_total{link=\"b\",result=\"failed\"} 1.0");
  }

  @Test
  void aLinkIsWaitedForNoLongerThanItsTimeoutAndThenCancelled() {
    CompletableFuture<Answer> never = new CompletableFuture<>();
    Directory directory =
        directory(guarded("a", (_, _) -> never, settings(Unavailable.STOP, 0, 0, 10, 0)));
    CompletableFuture<Answer> answer = asking(directory, attempt("ann", "secret"));

    pass(Duration.ofSeconds(2));
    assertThat(answer).isNotDone();
    pass(Duration.ofSeconds(2));
    assertThat(answer.getNow(ACCEPT)).isInstanceOf(Answer.CannotTell.class);
    assertThat(never).isCancelled();
  }

  @Test
  void anAnswerFromAnotherThreadComesBackOnTheLoop() {
    CompletableFuture<Answer> later = new CompletableFuture<>();
    Directory directory =
        directory(guarded("a", (_, _) -> later, settings(Unavailable.STOP, 0, 0, 10, 0)));
    CompletableFuture<Answer> answer = asking(directory, attempt("ann", "secret"));

    later.complete(ACCEPT);
    assertThat(answer).isNotDone();
    channel.runPendingTasks();
    assertThat(answer.getNow(DOWN)).isEqualTo(ACCEPT);
  }

  @Test
  void anAcceptanceIsKeptForItsPasswordAndItsTime() {
    Directory directory = directory(link("a", ACCEPT, settings(Unavailable.STOP, 60, 0, 10, 0)));

    ask(directory, "ann", "secret");
    assertThat(ask(directory, "ann", "secret")).isEqualTo(ACCEPT);
    assertThat(asked).hasSize(1);
    ask(directory, "ann", "Secret");
    ask(directory, "bob", "secret");
    assertThat(asked).hasSize(3);
    pass(Duration.ofSeconds(60));
    ask(directory, "ann", "secret");
    assertThat(asked).hasSize(4);
  }

  @Test
  void whereTheClientComesFromCountsForWhoHeedsIt() {
    LinkSettings kept = settings(Unavailable.STOP, 60, 0, 10, 0);
    Directory careless = directory(link("a", ACCEPT, kept));
    ask(careless, attempt("ann", "secret", "203.0.113.7"));
    ask(careless, attempt("ann", "secret", "203.0.113.8"));
    assertThat(asked).hasSize(1);

    asked.clear();
    Directory heeding = directory(guarded("a", heeding(Link.Heeds.WAY_IN), kept));
    ask(heeding, attempt("ann", "secret", "203.0.113.7"));
    ask(heeding, attempt("ann", "secret", "203.0.113.7"));
    assertThat(asked).hasSize(1);
    ask(heeding, attempt("ann", "secret", "203.0.113.8"));
    assertThat(asked).hasSize(2);
  }

  /// As when those who may sign have changed meanwhile.
  @Test
  void whatIsThoughtOfAClientsCertificateCounts() throws Exception {
    X509Certificate certificate =
        new CertificateBuilder()
            .ecp256()
            .subject("CN=ann")
            .setIsCertificateAuthority(true)
            .buildSelfSigned()
            .getCertificate();
    Directory directory = directory(link("a", ACCEPT, settings(Unavailable.STOP, 60, 0, 10, 0)));
    for (String fault : List.of("", "", "self-signed certificate", "self-signed certificate")) {
      Attempt plain = attempt("ann", "secret", "203.0.113.7");
      HandshakeFacts tls =
          new HandshakeFacts("TLSv1.3", "", "", ChannelBindings.NONE, true, certificate, fault);
      ask(
          directory,
          new Attempt(
              plain.protocol(),
              plain.client(),
              tls,
              "",
              1,
              plain.mechanism(),
              plain.user(),
              "",
              plain.proof()));
    }
    assertThat(asked).hasSize(2);
  }

  /// A client's next connection comes from another port, which may be somebody else's.
  @Test
  void anAnswerThatGoesByTheClientsPortIsKeptForNobody() throws Exception {
    LinkSettings kept = settings(Unavailable.STOP, 60, 60, 10, 0);
    try (Workers lookups = new Workers("test", 1, Duration.ofSeconds(5), clock)) {
      MapLinkSettings table =
          new MapLinkSettings(
              List.of("127.0.0.1 1: mx1", "127.0.0.1 2: mx2"),
              null,
              MapLinkSettings.Form.WORDS,
              List.of("\\i \\p"),
              false,
              "@",
              MapLinkSettings.Unknown.NEXT);
      Link link = MapLink.read(table, "directory[0]", lookups, clock);
      Directory directory = directory(guarded("a", link, kept), link("b", ACCEPT));
      assertThat(metricsOf(directory, 1, 2, 3, 2))
          .contains("dormouse_directory_answers_total{link=\"a\",result=\"learnt\"} 3.0")
          .contains("dormouse_directory_answers_total{link=\"a\",result=\"not-mine\"} 1.0")
          .doesNotContain("{link=\"a\",result=\"cached\"}");
    }
  }

  private String metricsOf(Directory directory, int... ports) {
    for (int port : ports) {
      ask(directory, attempt("ann", "secret", "127.0.0.1", port));
    }
    return metrics.scrape();
  }

  @Test
  void aLinkMaySayItselfHowLongItsAnswerIsKept() {
    Answer answer = new Answer.Accept(((Answer.Accept) ACCEPT).facts(), Duration.ofSeconds(7));
    Directory directory = directory(link("a", answer));
    assertThat(ask(directory, "ann", "secret")).isEqualTo(ACCEPT);
    assertThat(ask(directory, "ann", "secret")).isEqualTo(ACCEPT);
    assertThat(asked).hasSize(1);
    pass(Duration.ofSeconds(7));
    ask(directory, "ann", "secret");
    assertThat(asked).hasSize(2);
  }

  private Link heeding(Link.Heeds what) {
    return new Link() {
      @Override
      public CompletableFuture<Answer> ask(Attempt attempt, EventLoop loop) {
        asked.add(attempt.user());
        return CompletableFuture.completedFuture(ACCEPT);
      }

      @Override
      public Set<Heeds> heeds() {
        return Set.of(what);
      }
    };
  }

  @Test
  void aRefusalIsKeptForItsOwnTime() {
    Directory directory =
        directory(link("a", Answer.reject(), settings(Unavailable.STOP, 60, 5, 10, 0)));

    ask(directory, "ann", "wrong");
    ask(directory, "ann", "wrong");
    assertThat(asked).hasSize(1);
    pass(Duration.ofSeconds(5));
    ask(directory, "ann", "wrong");
    assertThat(asked).hasSize(2);
  }

  @Test
  void aRefusalThatPassesIsNotKept() {
    Answer notNow = Answer.reject("UNAVAILABLE", "The database is away");
    Directory directory = directory(link("a", notNow, settings(Unavailable.STOP, 60, 60, 10, 0)));

    ask(directory, "ann", "secret");
    assertThat(ask(directory, "ann", "secret")).isEqualTo(notNow);
    assertThat(asked).hasSize(2);
  }

  @Test
  void thatALinkCannotTellIsNeverKept() {
    Directory directory = directory(link("a", DOWN, settings(Unavailable.STOP, 60, 60, 10, 0)));

    ask(directory, "ann", "secret");
    ask(directory, "ann", "secret");
    assertThat(asked).hasSize(2);
  }

  @Test
  void whatIsOverIsForgottenThoughNobodyAsks() {
    Answer own =
        new Answer.Accept(((Answer.Accept) ACCEPT).facts(), /* kept= */ Duration.ofSeconds(7));
    GuardedLink link = link("a", own, settings(Unavailable.STOP, 60, 0, 10, 0));
    GuardedLink usual = link("b", ACCEPT, settings(Unavailable.STOP, 60, 0, 10, 0));
    ask(directory(link), "ann", "secret");
    ask(directory(usual), "ann", "secret");
    pass(Duration.ofSeconds(6));
    ask(directory(link), "bob", "secret");
    assertThat(link.kept()).isEqualTo(2);

    pass(Duration.ofSeconds(2));
    assertThat(link.kept()).isEqualTo(1);
    pass(Duration.ofSeconds(10));
    assertThat(link.kept()).isZero();
    assertThat(usual.kept()).isEqualTo(1);
    pass(Duration.ofSeconds(60));
    assertThat(usual.kept()).isZero();
  }

  @Test
  void whatWasUsedLongestAgoMakesRoom() {
    Directory directory = directory(link("a", ACCEPT, settings(Unavailable.STOP, 60, 0, 2, 0)));

    ask(directory, "ann", "secret");
    ask(directory, "bob", "secret");
    ask(directory, "ann", "secret");
    ask(directory, "cid", "secret");
    asked.clear();
    ask(directory, "ann", "secret");
    ask(directory, "bob", "secret");
    assertThat(asked).containsExactly("a bob");
  }

  @Test
  void aLinkThatFailsTooOftenIsLeftAloneForAWhile() {
    List<Answer> answers = new ArrayList<>(List.of(DOWN, DOWN, DOWN, ACCEPT, ACCEPT));
    Link link =
        (attempt, _) -> {
          asked.add(attempt.user());
          return CompletableFuture.completedFuture(answers.removeFirst());
        };
    Directory directory = directory(guarded("a", link, settings(Unavailable.STOP, 0, 0, 10, 2)));

    ask(directory, "ann", "secret");
    ask(directory, "ann", "secret");
    ask(directory, "ann", "secret");
    assertThat(asked).as("the third is not asked").hasSize(2);
    pass(Duration.ofSeconds(10));
    ask(directory, "ann", "secret");
    ask(directory, "ann", "secret");
    assertThat(asked).as("one tries, and fails").hasSize(3);
    pass(Duration.ofSeconds(10));
    assertThat(ask(directory, "ann", "secret")).isEqualTo(ACCEPT);
    assertThat(ask(directory, "ann", "secret")).isEqualTo(ACCEPT);
    assertThat(metrics.scrape())
        .contains("dormouse_directory_answers_total{link=\"a\",result=\"skipped\"} 2.0");
  }

  @Test
  void aLinkThatCannotTellOfOneUserIsThere() {
    Answer unsaid = new Answer.CannotTell("impossible facts: port", /* down= */ false);
    List<Answer> answers = new ArrayList<>(List.of(unsaid, unsaid, DOWN, DOWN, unsaid, ACCEPT));
    Link link =
        (attempt, _) -> {
          asked.add(attempt.user());
          return CompletableFuture.completedFuture(answers.removeFirst());
        };
    Directory directory = directory(guarded("a", link, settings(Unavailable.STOP, 0, 0, 10, 2)));

    for (int i = 0; i < 5; i++) {
      ask(directory, "ann", "secret");
    }
    assertThat(asked).as("the fifth is not asked").hasSize(4);
    pass(Duration.ofSeconds(10));
    assertThat(ask(directory, "ann", "secret")).isEqualTo(unsaid);
    assertThat(ask(directory, "bob", "secret")).isEqualTo(ACCEPT);
  }

  @Test
  void aLinkThatHasNoTurnForAUserIsNotKnownToBeThere() {
    List<CompletableFuture<Answer>> answers =
        new ArrayList<>(
            List.of(
                CompletableFuture.completedFuture(DOWN),
                CompletableFuture.failedFuture(new Workers.Crowded()),
                CompletableFuture.completedFuture(DOWN)));
    Link link =
        (attempt, _) -> {
          asked.add(attempt.user());
          return answers.removeFirst();
        };
    Directory directory = directory(guarded("a", link, settings(Unavailable.STOP, 0, 0, 10, 2)));

    for (int i = 0; i < 4; i++) {
      ask(directory, "ann", "secret");
    }
    assertThat(asked).as("the fourth is not asked").hasSize(3);
  }

  @Test
  void oneThatIsReplacedIsClosedWhenNobodyWaitsForItsAnswer() throws Exception {
    CompletableFuture<Answer> later = new CompletableFuture<>();
    CompletableFuture<Void> closed = new CompletableFuture<>();
    Link slow =
        new Link() {
          @Override
          public CompletableFuture<Answer> ask(Attempt attempt, EventLoop loop) {
            asked.add("slow " + attempt.user());
            return later;
          }

          @Override
          public void close() {
            closed.complete(null);
          }
        };
    Directory before = directory(guarded("a", slow, settings(Unavailable.STOP, 0, 0, 10, 0)));
    Directory after = directory(link("b", ACCEPT));
    CompletableFuture<Answer> waiting = asking(before, attempt("ann", "secret"));

    before.retire(after);
    assertThat(closed).isNotDone();
    later.complete(NOT_MINE);
    channel.runPendingTasks();
    assertThat(waiting.getNow(DOWN)).isEqualTo(Answer.reject());
    closed.get(20, TimeUnit.SECONDS);
    assertThat(before.isClosed()).isTrue();
    assertThat(ask(before, "bob", "secret")).as("who is late").isEqualTo(ACCEPT);
    assertThat(asked).containsExactly("slow ann", "b bob");
  }

  @Test
  void nobodyWaitsForAQuestionThatEndsInAMistakeOfOurs() throws Exception {
    CompletableFuture<Void> closed = new CompletableFuture<>();
    Link link =
        new Link() {
          @Override
          public CompletableFuture<Answer> ask(Attempt attempt, EventLoop loop) {
            return CompletableFuture.completedFuture(ACCEPT);
          }

          @Override
          public void close() {
            closed.complete(null);
          }
        };
    InstantSource broken =
        () -> {
          throw new StackOverflowError();
        };
    Directory before =
        directory(
            new GuardedLink("a", link, settings(Unavailable.STOP, 0, 0, 10, 0), broken, metrics));
    assertThat(asking(before, attempt("ann", "secret"))).isCompletedExceptionally();
    assertThat(before.askAgain(attempt("ann", "secret"), "", channel.eventLoop(), wheel))
        .isCompletedExceptionally();

    before.retire(directory(link("b", ACCEPT)));
    closed.get(20, TimeUnit.SECONDS);
  }

  private GuardedLink link(String name, Answer answer) {
    return link(name, answer, settings(Unavailable.STOP, 0, 0, 10, 0));
  }

  private GuardedLink link(String name, Answer answer, LinkSettings settings) {
    Link link =
        (attempt, _) -> {
          asked.add(name + " " + attempt.user());
          return CompletableFuture.completedFuture(answer);
        };
    return guarded(name, link, settings);
  }

  private GuardedLink guarded(String name, Link link, LinkSettings settings) {
    return new GuardedLink(name, link, settings, clock, metrics);
  }

  private static LinkSettings settings(
      Unavailable unavailable, int cacheSeconds, int refusalSeconds, int entries, int breakAfter) {
    return new LinkSettings(
        new BackendLinkSettings(),
        Duration.ofSeconds(3),
        unavailable,
        Duration.ofSeconds(cacheSeconds),
        Duration.ofSeconds(refusalSeconds),
        entries,
        breakAfter,
        Duration.ofSeconds(10));
  }

  private static Directory directory(GuardedLink... links) {
    return new Directory(List.of(links));
  }

  private CompletableFuture<Answer> asking(Directory directory, Attempt attempt) {
    return directory.ask(attempt, channel.eventLoop(), wheel).thenApply(Directory.Verdict::answer);
  }

  private Answer ask(Directory directory, String user, String password) {
    return ask(directory, attempt(user, password));
  }

  private Answer ask(Directory directory, Attempt attempt) {
    CompletableFuture<Answer> answer = asking(directory, attempt);
    channel.runPendingTasks();
    assertThat(answer).isCompleted();
    return answer.join();
  }

  private void pass(Duration time) {
    clock.turn(time);
    wheel.advance();
    channel.runPendingTasks();
  }

  private static Attempt attempt(String user, String password) {
    return attempt(user, password, "127.0.0.1");
  }

  private static Attempt attempt(String user, String password, String from) {
    return attempt(user, password, from, 1);
  }

  private static Attempt attempt(String user, String password, String from, int port) {
    InetSocketAddress here = new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 1);
    InetSocketAddress there = new InetSocketAddress(InetAddress.ofLiteral(from), port);
    return new Attempt(
        "imap",
        new Client("s1", there, here, false),
        null,
        "",
        1,
        "PLAIN",
        user,
        "",
        new Proof.Password(password.getBytes(UTF_8)));
  }
}
