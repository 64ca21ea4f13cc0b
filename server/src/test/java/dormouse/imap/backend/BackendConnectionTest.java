package dormouse.imap.backend;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.imap.track.ResponseLine;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class BackendConnectionTest {
  private final OwnConnection backend = new OwnConnection();
  private final BackendConnection connection = backend.connection();
  private final List<String> untagged = new ArrayList<>();

  @AfterEach
  void close() {
    backend.close();
  }

  @Test
  void commandsGetTagsAndRepliesInOrder() {
    var first = connection.run("NOOP", this::hear);
    var second = connection.run("CHECK", _ -> {});

    assertThat(backend.heard()).isEqualTo("zz1 NOOP|zz2 CHECK|");
    backend.say("* 3 EXISTS", "zz1 NO [SERVERBUG] oh");
    assertThat(first.join().status()).isEqualTo(Reply.Status.NO);
    assertThat(first.join().codeName()).isEqualTo("SERVERBUG");
    assertThat(second).isNotDone();
    backend.say("zz2 BAD what");
    assertThat(second.join().status()).isEqualTo(Reply.Status.BAD);
    assertThat(untagged).containsExactly("* 3 EXISTS");
  }

  @Test
  void eachPartOfACommandWaitsForTheBackend() {
    var reply = connection.run("LOGIN {3}", List.of("ann {2}\r\n", "pw\r\n"), this::hear);

    assertThat(backend.heard()).isEqualTo("zz1 LOGIN {3}|");
    backend.say("+ go");
    assertThat(backend.heard()).isEqualTo("ann {2}|");
    backend.say("+ go");
    assertThat(backend.heard()).isEqualTo("pw|");
    backend.say("zz1 OK in");
    assertThat(reply.join().ok()).isTrue();
  }

  @Test
  void aBackendThatFallsSilentIsLost() {
    var reply = connection.run("NOOP", this::hear);

    backend.pass(Duration.ofSeconds(29));
    backend.say("* OK still at it");
    backend.pass(Duration.ofSeconds(29));
    assertThat(reply).isNotDone();
    backend.pass(Duration.ofSeconds(31));
    assertThat(reply.join().status()).isEqualTo(Reply.Status.SLOW);
    assertThat(reply.join().lost()).isTrue();
  }

  @Test
  void nothingRunsBehindACommandThatIsLost() {
    List<Reply> behind = new ArrayList<>();
    connection
        .run("NOOP", this::hear)
        .thenCompose(_ -> connection.run("CHECK", this::hear))
        .thenAccept(behind::add);

    backend.pass(Duration.ofSeconds(31));
    assertThat(behind).containsExactly(Reply.GONE);
    assertThat(backend.heard()).isEqualTo("zz1 NOOP|");
  }

  @Test
  void idleMayLastUntilItIsEnded() {
    List<String> begun = new ArrayList<>();
    var reply = connection.idle(this::hear, () -> begun.add("idling"));

    backend.say("+ idling");
    assertThat(begun).containsExactly("idling");
    backend.pass(Duration.ofMinutes(28));
    assertThat(reply).isNotDone();
    connection.done();
    assertThat(backend.heard()).isEqualTo("zz1 IDLE|DONE|");
    backend.pass(Duration.ofSeconds(31));
    assertThat(reply.join().status()).isEqualTo(Reply.Status.SLOW);
  }

  @Test
  void whatWaitsIsLostWithTheConnection() {
    List<String> ended = new ArrayList<>();
    connection.onClose(() -> ended.add("closed"));
    var reply = connection.run("NOOP", this::hear);

    backend.close();
    assertThat(reply.join()).isEqualTo(Reply.GONE);
    assertThat(ended).containsExactly("closed");
    assertThat(connection.run("NOOP", this::hear).join()).isEqualTo(Reply.GONE);
  }

  @Test
  void leavingIsPoliteAndEndsInTime() {
    connection.idle(this::hear, () -> {});
    backend.heard();

    connection.leave();
    connection.leave();
    assertThat(backend.heard()).isEqualTo("DONE|zz2 LOGOUT|");
    assertThat(connection.open()).isFalse();
    backend.say("* 4 EXISTS");
    assertThat(untagged).isEmpty();
    backend.pass(Duration.ofSeconds(2));
    assertThat(connection.channel().isOpen()).isFalse();
  }

  @Test
  void whatIsSaidUnaskedIsHeard() {
    connection.onUnasked(this::hear);

    backend.say("* BYE going down");
    assertThat(untagged).containsExactly("* BYE going down");
  }

  @Test
  void aByeBehindAReplyIsKnownWithIt() {
    List<Boolean> bye = new ArrayList<>();
    connection.run("NOOP", this::hear).thenAccept(_ -> bye.add(connection.saysBye()));
    connection.run("NOOP", this::hear).thenAccept(_ -> bye.add(connection.saysBye()));
    connection.run("NOOP", this::hear).thenAccept(_ -> bye.add(connection.saysBye()));

    backend.say("zz1 OK done", "* 1 FETCH (BODY[] {10}", "* BYE no", ")", "zz2 OK done");
    backend.say("zz3 OK done", "* 4 EXISTS", "* BYE going down");
    assertThat(bye).containsExactly(false, false, true);
  }

  private void hear(ResponseLine line) {
    untagged.add(line.text());
  }
}
