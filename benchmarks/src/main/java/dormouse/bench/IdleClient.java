package dormouse.bench;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import java.nio.charset.StandardCharsets;

/// One mail client: logs in, selects INBOX, idles, and weighs every line that it hears.
///
/// Lives on its channel's event loop.
final class IdleClient extends SimpleChannelInboundHandler<ByteBuf> {
  private enum Phase {
    GREETING,
    LOGIN,
    SELECT,
    IDLE,
    IDLING,
    DONE,
    LOGOUT,
    GONE
  }

  /// Of a message that came while the session fell asleep.
  private static final String TRUE_ANYWAY = "\\* \\d+ FETCH \\(FLAGS \\(\\)\\)";

  private final String user;
  private final IdleTally tally;
  private Phase phase = Phase.GREETING;

  IdleClient(String user, IdleTally tally) {
    this.user = user;
    this.tally = tally;
  }

  @Override
  protected void channelRead0(ChannelHandlerContext context, ByteBuf bytes) {
    String line = bytes.toString(StandardCharsets.ISO_8859_1);
    switch (phase) {
      case GREETING ->
          step(context, line, "* OK", Phase.LOGIN, "a LOGIN " + user + " " + HeldBackend.PASSWORD);
      case LOGIN -> step(context, line, "a OK", Phase.SELECT, "b SELECT INBOX");
      case SELECT -> {
        if (!line.startsWith("* ")) {
          step(context, line, "b OK", Phase.IDLE, "c IDLE");
        }
      }
      case IDLE -> {
        if (line.startsWith("+ ")) {
          phase = Phase.IDLING;
          tally.idles();
        } else {
          told(context, line);
        }
      }
      case IDLING -> told(context, line);
      case DONE -> {
        if (line.startsWith("c OK")) {
          phase = Phase.LOGOUT;
          send(context, "d LOGOUT");
        } else {
          told(context, line);
        }
      }
      case LOGOUT -> {
        if (line.startsWith("d OK")) {
          phase = Phase.GONE;
          tally.left();
          context.close();
        } else if (!line.startsWith("* BYE")) {
          wrong(context, line);
        }
      }
      case GONE -> wrong(context, line);
    }
  }

  private void step(
      ChannelHandlerContext context, String line, String wanted, Phase next, String command) {
    if (!line.startsWith(wanted)) {
      wrong(context, line);
      return;
    }
    phase = next;
    send(context, command);
  }

  private static void send(ChannelHandlerContext context, String command) {
    context.writeAndFlush(ByteBufUtil.writeAscii(context.alloc(), command + "\r\n"));
  }

  /// What may be said to a client that idles.
  private void told(ChannelHandlerContext context, String line) {
    if (line.equals("* OK Still here")) {
      tally.heardStillHere();
    } else if (line.matches("\\* \\d+ EXISTS")) {
      tally.heardExists();
    } else if (!line.matches("\\* \\d+ RECENT") && !line.matches(TRUE_ANYWAY)) {
      wrong(context, line);
    }
  }

  private void wrong(ChannelHandlerContext context, String line) {
    tally.lost(user + " in " + phase + " heard: " + line);
    phase = Phase.GONE;
    context.close();
  }

  /// Ends IDLE and logs out. On the channel's loop.
  void leave(ChannelHandlerContext context) {
    if (phase == Phase.IDLING) {
      phase = Phase.DONE;
      send(context, "DONE");
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    if (phase != Phase.GONE) {
      tally.lost(user + " in " + phase + " was cut off");
      phase = Phase.GONE;
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    if (phase != Phase.GONE) {
      tally.lost(user + " in " + phase + ": " + cause);
      phase = Phase.GONE;
    }
    context.close();
  }
}
