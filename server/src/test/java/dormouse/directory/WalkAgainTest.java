package dormouse.directory;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.config.BackendLinkSettings;
import dormouse.config.FileLinkSettings;
import dormouse.config.LinkKind;
import dormouse.config.LinkSettings;
import dormouse.config.LinkSettings.Unavailable;
import dormouse.config.RewriteLinkSettings;
import dormouse.ops.Metrics;
import dormouse.session.HandClock;
import dormouse.session.TimerWheel;
import io.netty.channel.EventLoop;
import io.netty.channel.embedded.EmbeddedChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/// The chain asked again about a user whose client shows nothing; the links are scripted.
class WalkAgainTest {
  private static final Answer NOT_MINE = new Answer.NotMine();
  private static final Answer DOWN = new Answer.CannotTell("down");
  private static final Answer ACCEPT = Facts.accept(Map.of("host", "mx9"));
  private static final LinkKind FILE = new FileLinkSettings(Path.of("users"), "PLAIN");
  private static final LinkKind BACKEND = new BackendLinkSettings();
  private static final LinkKind STEP = RewriteLinkSettings.DEFAULT;

  private final HandClock clock = new HandClock();
  private final TimerWheel wheel = new TimerWheel(clock);
  private final Metrics metrics = new Metrics();
  private final EmbeddedChannel channel = new EmbeddedChannel();
  private final List<String> asked = new ArrayList<>();
  private boolean cached;

  @Test
  void whoHasLetTheUserInSaysWhatHoldsNow() {
    assertThat(ask(link(FILE, ACCEPT), link(BACKEND, ACCEPT))).isEqualTo(ACCEPT);
    assertThat(ask(link(FILE, Answer.reject("", "Gone")), link(BACKEND, ACCEPT)))
        .isEqualTo(Answer.reject("", "Gone"));
    assertThat(ask(link(FILE, DOWN), link(BACKEND, ACCEPT))).isEqualTo(DOWN);
  }

  @Test
  void whomThatOneDoesNotKnowAnyMoreNobodyElseLetsIn() {
    assertThat(ask(link(FILE, NOT_MINE), link(BACKEND, ACCEPT))).isEqualTo(Answer.reject());
    assertThat(ask(link(FILE, NOT_MINE))).isEqualTo(Answer.reject());
  }

  @Test
  void anotherOfItsKindDoes() {
    assertThat(ask(link(FILE, NOT_MINE), link(FILE, ACCEPT))).isEqualTo(ACCEPT);
  }

  @Test
  void whoIsAskedBeforeItDecidesAsAtALogin() {
    assertThat(ask(link(BACKEND, ACCEPT), link(FILE, NOT_MINE))).isEqualTo(ACCEPT);
  }

  @Test
  void afterAReloadWithoutItOthersDecide() {
    assertThat(ask(link(BACKEND, ACCEPT))).isEqualTo(ACCEPT);
    assertThat(ask(link(STEP, NOT_MINE))).isEqualTo(Answer.reject());
    assertThat(ask(link(STEP, NOT_MINE), mute(BACKEND))).isEqualTo(NOT_MINE);
    assertThat(ask(away(STEP, DOWN), mute(BACKEND))).isEqualTo(DOWN);
    assertThat(ask(link(STEP, Answer.reject()), mute(BACKEND))).isEqualTo(Answer.reject());
  }

  @Test
  void stepsCountAsAtALogin() {
    Answer small = new Answer.Learnt("ann", facts("port", "1143"));

    assertThat(ask(link(STEP, small), link(FILE, ACCEPT)))
        .isEqualTo(
            new Answer.Accept(facts("host", "mx9").over(facts("port", "1143")).named("ann")));
    assertThat(asked).containsExactly("Ann", "ann");
  }

  @Test
  void whoCannotTellWithoutASecretIsNotAsked() {
    assertThat(ask(mute(FILE))).isEqualTo(NOT_MINE);
    assertThat(ask(mute(FILE), link(BACKEND, ACCEPT))).isEqualTo(NOT_MINE);
    assertThat(ask(mute(FILE), link(BACKEND, Answer.reject()))).isEqualTo(Answer.reject());
    assertThat(ask(mute(STEP), link(FILE, ACCEPT))).isEqualTo(ACCEPT);
    assertThat(asked).hasSize(3);
  }

  @Test
  void whatMayBeAwayIsNoReasonToMoveAUser() {
    assertThat(ask(away(FILE, DOWN), link(BACKEND, ACCEPT))).isEqualTo(NOT_MINE);
    assertThat(ask(away(FILE, DOWN), link(FILE, ACCEPT))).isEqualTo(ACCEPT);
    assertThat(ask(away(FILE, DOWN))).isEqualTo(DOWN);
    assertThat(ask(away(STEP, DOWN), link(BACKEND, ACCEPT))).isEqualTo(NOT_MINE);
    assertThat(ask(link(FILE, NOT_MINE), away(STEP, DOWN), link(BACKEND, ACCEPT)))
        .isEqualTo(Answer.reject());
    assertThat(ask(link(FILE, NOT_MINE), away(STEP, DOWN))).isEqualTo(Answer.reject());
  }

  // what is asked again is asked because what was said is too old, or not believed any more

  @Test
  void whatIsKeptOfLoginsAnswersNoWakeAndNothingIsKeptOfThose() {
    Answer gone = Answer.reject("", "Gone");
    List<Answer> answers = new ArrayList<>(List.of(ACCEPT, gone, ACCEPT));
    cached = true;
    Directory directory = new Directory(List.of(link(FILE, answers)));

    assertThat(login(directory)).isEqualTo(ACCEPT);
    assertThat(again(directory)).isEqualTo(gone);
    assertThat(login(directory)).isEqualTo(ACCEPT);
    assertThat(again(directory)).isEqualTo(ACCEPT);
    assertThat(asked).as("for logins once, and for each wake").hasSize(3);
  }

  @Test
  void aChainOfTheBackendAloneHasNothingToSay() {
    assertThat(new Directory(List.of(link(BACKEND, ACCEPT))).resumes(Proof.Kind.PASSWORD))
        .isFalse();
    assertThat(new Directory(List.of(mute(FILE))).resumes(Proof.Kind.PASSWORD)).isFalse();
    assertThat(
            new Directory(List.of(link(STEP, ACCEPT), link(BACKEND, ACCEPT)))
                .resumes(Proof.Kind.PASSWORD))
        .isTrue();
  }

  private static Facts facts(String name, String value) {
    return ((Answer.Accept) Facts.accept(Map.of(name, value))).facts();
  }

  private Answer ask(GuardedLink... links) {
    return again(new Directory(List.of(links)));
  }

  private Answer again(Directory directory) {
    return got(
        directory.askAgain(
            Attempts.again("Ann", Proof.Kind.PASSWORD), "file", channel.eventLoop(), wheel));
  }

  private Answer login(Directory directory) {
    return got(
        directory
            .ask(Attempts.of("Ann", "secret"), channel.eventLoop(), wheel)
            .thenApply(Directory.Verdict::answer));
  }

  private Answer got(CompletableFuture<Answer> answer) {
    channel.runPendingTasks();
    assertThat(answer).isCompleted();
    return answer.join();
  }

  private GuardedLink link(LinkKind kind, Answer answer) {
    return link(kind, new ArrayList<>(List.of(answer)));
  }

  private GuardedLink link(LinkKind kind, List<Answer> answers) {
    return guarded(kind, Unavailable.STOP, /* resumes= */ true, answers);
  }

  private GuardedLink mute(LinkKind kind) {
    return guarded(kind, Unavailable.STOP, /* resumes= */ false, List.of());
  }

  private GuardedLink away(LinkKind kind, Answer answer) {
    return guarded(kind, Unavailable.NEXT, /* resumes= */ true, new ArrayList<>(List.of(answer)));
  }

  private GuardedLink guarded(
      LinkKind kind, Unavailable unavailable, boolean resumes, List<Answer> answers) {
    Link link =
        new Link() {
          @Override
          public CompletableFuture<Answer> ask(Attempt attempt, EventLoop loop) {
            asked.add(attempt.user());
            return CompletableFuture.completedFuture(answers.removeFirst());
          }

          @Override
          public boolean resumes(Proof.Kind before) {
            return resumes;
          }
        };
    Duration keep = Duration.ofSeconds(cached ? 60 : 0);
    LinkSettings settings =
        new LinkSettings(
            kind, Duration.ofSeconds(3), unavailable, keep, keep, 10, 0, Duration.ofSeconds(10));
    return new GuardedLink("a", link, settings, clock, metrics);
  }
}
