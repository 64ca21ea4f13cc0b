package dormouse.bench.load;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.util.ByteProcessor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.LongConsumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// One IMAP client. Commands may come from any thread; all else happens on its event loop, and so does what depends on the futures that it
/// returns: they complete when the answer has been heard to its end.
///
/// Whatever it hears and must not is a fault, after which it closes. Beside what a command expects it may hear at any time that
/// its mailbox has grown, that a message is seen or recent, and `* OK Still here`.
public final class Client extends ChannelInboundHandlerAdapter {
  private static final int LONGEST_LINE = 64 << 10;
  private static final String STILL_HERE = "* OK Still here";

  /// A delivered message is `\Recent` to whoever is told of it first, and ceases to be so; `\Seen` are those that were there.
  private static final Pattern FLAGS =
      Pattern.compile("\\* \\d+ FETCH \\(FLAGS \\((?:\\\\Seen|\\\\Recent| )*\\)\\)");

  /// A command that waits for its answer.
  ///
  /// @param continued completes at `+`; null where none may come
  private record Pending(
      String tag,
      String command,
      Check check,
      CompletableFuture<Client> done,
      @Nullable CompletableFuture<Client> continued) {}

  private final String name;
  private final Faults faults;
  private final CompletableFuture<Client> greeted;
  private final BooleanSupplier letGo;
  private final Queue<Pending> pending = new ArrayDeque<>();
  private final ByteArrayOutputStream line = new ByteArrayOutputStream(128);
  private @Nullable ChannelHandlerContext context;
  private boolean greeting = true;
  private boolean inResponse; // of which a literal has come
  private @Nullable Pending taking; // it
  private int literal; // bytes of it that are still to come
  private int literalFrom;
  private int tags;
  private long exists;
  private long bytes;
  private final AtomicInteger keptAlive = new AtomicInteger();
  private boolean ended;
  private boolean mayEnd;
  private LongConsumer onExists = _ -> {};

  /// @param greeted completes when the server has greeted, or fails
  /// @param letGo whether its server is being stopped: then it may end, and what it has not heard by now is late
  Client(String name, Faults faults, CompletableFuture<Client> greeted, BooleanSupplier letGo) {
    this.name = name;
    this.faults = faults;
    this.greeted = greeted;
    this.letGo = letGo;
  }

  /// Sends a command.
  public CompletableFuture<Client> say(String command, Check check) {
    return send(command, check, null);
  }

  /// Sends all of these commands in one piece, and completes when all are answered.
  ///
  /// @param checks one for each
  public CompletableFuture<Client> sayAll(List<String> commands, List<Check> checks) {
    List<CompletableFuture<Client>> done =
        commands.stream().map(_ -> new CompletableFuture<Client>()).toList();
    onLoop(() -> {
      StringBuilder text = new StringBuilder();
      for (int i = 0; i < commands.size(); i++) {
        if (ended) {
          done.get(i).completeExceptionally(new IOException(name + " has ended"));
          continue;
        }
        String tag = "t" + tags++;
        pending.add(new Pending(tag, commands.get(i), checks.get(i), done.get(i), null));
        text.append(tag).append(' ').append(commands.get(i)).append("\r\n");
      }
      write(text.toString());
    });
    return CompletableFuture.allOf(done.toArray(CompletableFuture[]::new)).thenApply(_ -> this);
  }

  public CompletableFuture<Client> login(String user, String password) {
    return say("LOGIN " + user + " " + password, Check.lines("* CAPABILITY "));
  }

  /// Selects INBOX with so many messages.
  public CompletableFuture<Client> select(int messages, int uidValidity) {
    return say("SELECT INBOX", Check.select(messages, uidValidity));
  }

  /// Begins IDLE; completes at the `+`.
  public CompletableFuture<Client> idle() {
    CompletableFuture<Client> idling = new CompletableFuture<>();
    send("IDLE", Check.nothing(), idling);
    return idling;
  }

  /// Ends IDLE; completes at the tagged OK.
  public CompletableFuture<Client> done() {
    CompletableFuture<Client> done = new CompletableFuture<>();
    onLoop(() -> {
      Pending idle = pending.peek();
      if (ended || idle == null) {
        done.completeExceptionally(new IOException(name + " does not idle"));
        return;
      }
      follow(idle.done(), done);
      write("DONE\r\n");
    });
    return done;
  }

  private static void follow(CompletableFuture<Client> first, CompletableFuture<Client> then) {
    first.whenComplete((client, failure) -> {
      if (failure == null) {
        then.complete(client);
      } else {
        then.completeExceptionally(failure);
      }
    });
  }

  public CompletableFuture<Client> logout() {
    mayEnd(); // before the answer has been seen
    return say("LOGOUT", Check.lines("* BYE ")).whenComplete((_, _) -> close());
  }

  /// Whoever shall hear, from now on, how many messages the mailbox has when it has grown.
  public void onExists(LongConsumer listener) {
    onLoop(() -> onExists = listener);
  }

  /// Closes the connection without a word. From now on it is no fault that it ends.
  public void close() {
    onLoop(() -> {
      mayEnd = true;
      if (context != null) {
        context.close();
      }
    });
  }

  /// The same; completes when what the server says is no fault any more.
  public CompletableFuture<Client> closed() {
    CompletableFuture<Client> closed = new CompletableFuture<>();
    close();
    onLoop(() -> closed.complete(this)); // behind it
    return closed;
  }

  /// From now on the server may cut it off.
  public void mayEnd() {
    onLoop(() -> mayEnd = true);
  }

  /// Bytes heard so far, after TLS. On its event loop.
  public long bytes() {
    return bytes;
  }

  /// How often it has heard that the server is still there. Any thread.
  public int keptAlive() {
    return keptAlive.get();
  }

  private CompletableFuture<Client> send(
      String command, Check check, @Nullable CompletableFuture<Client> continued) {
    CompletableFuture<Client> done = new CompletableFuture<>();
    onLoop(() -> {
      if (ended) {
        IOException gone = new IOException(name + " has ended before " + command);
        done.completeExceptionally(gone);
        if (continued != null) {
          continued.completeExceptionally(gone);
        }
        return;
      }
      String tag = "t" + tags++;
      pending.add(new Pending(tag, command, check, done, continued));
      write(tag + " " + command + "\r\n");
    });
    return done;
  }

  private void onLoop(Runnable what) {
    ChannelHandlerContext known = context;
    if (known == null || known.executor().inEventLoop()) {
      what.run();
    } else {
      known.executor().execute(what);
    }
  }

  private void write(String text) {
    ChannelHandlerContext known = context;
    if (known != null) {
      known.writeAndFlush(ByteBufUtil.writeAscii(known.alloc(), text));
    }
  }

  @Override
  public void handlerAdded(ChannelHandlerContext context) {
    this.context = context;
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    ByteBuf heard = (ByteBuf) message;
    bytes += heard.readableBytes();
    try {
      while (heard.isReadable() && !ended) {
        if (literal > 0) {
          literal(heard);
        } else {
          line(heard);
        }
      }
    } finally {
      heard.release();
    }
  }

  private void literal(ByteBuf heard) {
    int length = Math.min(literal, heard.readableBytes());
    Pending current = taking;
    if (current == null || !current.check().literal(heard.readSlice(length), literalFrom)) {
      wrong("other bytes in a literal, from " + literalFrom);
      return;
    }
    literal -= length;
    literalFrom += length;
  }

  private void line(ByteBuf heard) {
    int end = heard.forEachByte(ByteProcessor.FIND_LF);
    int length = (end < 0 ? heard.writerIndex() : end + 1) - heard.readerIndex();
    if (line.size() + length > LONGEST_LINE) {
      wrong("an endless line");
      return;
    }
    byte[] part = new byte[length];
    heard.readBytes(part);
    line.writeBytes(part);
    if (end >= 0) {
      String text = line.toString(StandardCharsets.ISO_8859_1);
      line.reset();
      if (text.endsWith("\r\n")) {
        text(text.substring(0, text.length() - 2));
      } else {
        wrong("no CR: " + text);
      }
    }
  }

  private void text(String text) {
    if (greeting) {
      greeting = false;
      if (text.startsWith("* OK")) {
        greeted.complete(this);
      } else {
        wrong(text);
      }
      return;
    }
    Pending current = pending.peek();
    int size = announced(text);
    if (inResponse || size >= 0 || (text.startsWith("* ") && !text.startsWith("* BYE"))) {
      taking = whoTakes(text);
      inResponse = size >= 0;
      literal = Math.max(0, size);
      literalFrom = 0;
      if (taking == null && !unasked(text)) {
        wrong(text);
      }
      return;
    }
    answer(text, current);
  }

  /// The command that expects this, of several that were sent in one piece: Dovecot says `OK` of some FETCH when it has the data of all.
  private @Nullable Pending whoTakes(String text) {
    if (inResponse) {
      return taking != null && taking.check().text(text) ? taking : null;
    }
    for (Pending each : pending) {
      if (each.check().text(text)) {
        return each;
      }
    }
    return null;
  }

  private void answer(String text, @Nullable Pending current) {
    if (current == null) {
      if (!mayBeEnded()) {
        wrong(text);
      }
      return;
    }
    if (text.startsWith("+ ") && current.continued() != null) {
      current.continued().complete(this);
    } else if (text.startsWith(current.tag() + " OK")) {
      if (!current.check().complete()) {
        wrong("too little before " + text);
        return;
      }
      pending.remove();
      current.done().complete(this);
    } else if (!current.check().text(text) && !mayBeEnded()) {
      wrong(text);
    }
  }

  private boolean mayBeEnded() {
    return mayEnd || letGo.getAsBoolean();
  }

  /// How long the literal is that this line announces at its end; -1 if it does not.
  private static int announced(String text) {
    if (!text.endsWith("}")) {
      return -1;
    }
    return Integer.parseInt(text.substring(text.lastIndexOf('{') + 1, text.length() - 1));
  }

  private boolean unasked(String text) {
    if (text.equals(STILL_HERE)) {
      keptAlive.incrementAndGet();
      return true;
    }
    if (text.startsWith("* ") && (text.endsWith(" RECENT") || FLAGS.matcher(text).matches())) {
      return true;
    }
    if (!text.endsWith(" EXISTS")) {
      return false;
    }
    long now = Long.parseLong(text.substring(2, text.length() - " EXISTS".length()));
    if (now < exists) {
      return false;
    }
    exists = now;
    onExists.accept(now);
    return true;
  }

  private void wrong(String heard) {
    Pending current = pending.peek();
    String what =
        name + (current == null ? "" : " after " + current.command()) + " heard: " + heard;
    faults.add(what);
    end(new Faults.Heard(what));
  }

  private void end(IOException why) {
    if (ended) {
      return;
    }
    ended = true;
    greeted.completeExceptionally(why);
    for (Pending each = pending.poll(); each != null; each = pending.poll()) {
      if (each.continued() != null) {
        each.continued().completeExceptionally(why);
      }
      each.done().completeExceptionally(why);
    }
    if (context != null) {
      context.close();
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    cutOff(greeting ? "the end instead of a greeting" : "the end", name + " was cut off", null);
  }

  private void cutOff(String heard, String told, @Nullable Throwable cause) {
    if (letGo.getAsBoolean()) {
      end(new IOException(told, new TimeoutException("it is stopped")));
      return;
    }
    if (!ended && !mayEnd) {
      wrong(heard);
    }
    end(new IOException(told, cause));
  }

  /// A handshake that takes too long closes the connection: it is late, and not the end that the server has made.
  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event instanceof SslHandshakeCompletionEvent done && Faults.isTime(done.cause())) {
      end(new IOException(name + " cannot connect", done.cause()));
    }
    context.fireUserEventTriggered(event);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    cutOff(cause.toString(), name + ": " + cause, cause);
  }
}
