package dormouse.imap;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dormouse.auth.LoginGuard;
import dormouse.auth.LoginResult;
import dormouse.auth.LoginThrottle;
import dormouse.config.ListenTls;
import dormouse.config.LoginSettings;
import dormouse.config.ThrottleSettings;
import dormouse.directory.Attempt;
import dormouse.directory.Proof;
import dormouse.listen.SecretKeys;
import dormouse.ops.Metrics;
import dormouse.session.Client;
import dormouse.session.TimerWheel;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Queue;

/// A dialogue without a network: what the client says goes in, what it hears comes out, the clock is turned by hand. TLS is a
/// handler that changes nothing. The login accepts the password `secret`, or waits to be told.
final class LoginStage implements AutoCloseable {
  private Instant now = Instant.EPOCH;
  private final TimerWheel wheel = new TimerWheel(() -> now);
  final Metrics metrics = new Metrics();
  final ImapDialogue dialogue;
  final EmbeddedChannel channel;
  private final Queue<String> refused = new ArrayDeque<>();
  private final Queue<String> accepted = new ArrayDeque<>();
  private String waitingTag = "";
  private ByteBuf handedOver = Unpooled.EMPTY_BUFFER;
  private String heard = "";
  private boolean goesDown;

  LoginStage(ListenTls listener, LoginSettings limits, boolean loginWaits) {
    ImapLogin login =
        (asking, tag, attempt) -> {
          if (loginWaits) {
            waitingTag = tag;
            return;
          }
          decide(asking, tag, attempt);
        };
    dialogue =
        new ImapDialogue(
            new ImapDialogue.Setup(
                listener,
                _ -> new ChannelDuplexHandler(),
                limits,
                new LoginGuard(
                    limits,
                    new LoginThrottle(ThrottleSettings.DEFAULT, new SecretKeys(), () -> now),
                    name -> name),
                login,
                new Dialogues(() -> goesDown, () -> {}),
                _ -> wheel,
                () -> now,
                metrics),
            new Client(
                "s1",
                new InetSocketAddress("192.0.2.1", 5),
                new InetSocketAddress("192.0.2.2", 143),
                listener == ListenTls.IMPLICIT));
    channel = new EmbeddedChannel(dialogue);
  }

  private void decide(ImapDialogue asking, String tag, Attempt attempt) {
    String password = password(attempt);
    if (password.equals("secret")) {
      accepted.add(attempt.user());
      handedOver = asking.release();
      return;
    }
    String as = attempt.authzid().isEmpty() ? "" : " as " + attempt.authzid();
    refused.add(escaped(attempt.user() + as + " / " + password));
    asking.refuse(tag, new LoginResult.Rejected("AUTHENTICATIONFAILED", ""));
  }

  /// The password as a client has sent it, one character a byte.
  static String password(Attempt attempt) {
    return attempt.proof() instanceof Proof.Password(var password)
        ? new String(password, ISO_8859_1)
        : attempt.proof().toString();
  }

  /// The client says something; a channel that is closed hears nothing.
  void say(byte[] bytes, int from, int to) {
    if (!channel.isOpen()) {
      return;
    }
    channel.writeInbound(Unpooled.copiedBuffer(bytes, from, to - from));
  }

  void say(String text) {
    byte[] bytes = text.getBytes(UTF_8);
    say(bytes, 0, bytes.length);
  }

  /// The next line the client hears, without CRLF; `(nothing)` if there is none.
  String hear() {
    for (ByteBuf out = channel.readOutbound(); out != null; out = channel.readOutbound()) {
      heard += out.toString(UTF_8);
      out.release();
    }
    int end = heard.indexOf("\r\n");
    if (end < 0) {
      return heard.isEmpty() ? "(nothing)" : heard;
    }
    String line = heard.substring(0, end);
    heard = heard.substring(end + 2);
    return line;
  }

  void pass(Duration time) {
    now = now.plus(time);
    wheel.advance();
  }

  void handshake() {
    if (dialogue.channel().pipeline().get("tls") == null) {
      assertThat(dialogue.client().tls()).as("TLS from the first byte").isTrue();
    } else {
      assertThat(channel.pipeline().names().getFirst()).isEqualTo("tls");
    }
    channel.pipeline().fireUserEventTriggered(SslHandshakeCompletionEvent.SUCCESS);
  }

  void shutDown() {
    goesDown = true;
    dialogue.shutDown();
  }

  void loginAnswers(LoginResult result) {
    dialogue.refuse(waitingTag, result);
  }

  String refused() {
    return String.valueOf(refused.poll());
  }

  String accepted() {
    return String.valueOf(accepted.poll());
  }

  String handedOver() {
    return escaped(handedOver.toString(ISO_8859_1));
  }

  boolean hasUnseen() {
    return !refused.isEmpty() || !accepted.isEmpty();
  }

  /// Control characters and backslashes, to be seen.
  static String escaped(String text) {
    return text.replace("\\", "\\\\").replace("\r", "\\r").replace("\n", "\\n");
  }

  @Override
  public void close() {
    channel.finishAndReleaseAll();
    handedOver.release();
  }
}
