package dormouse.directory.http;

import dormouse.directory.http.AuthHttpConnection.Question;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.EventLoop;
import java.net.SocketException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;

/// What one event loop has of the connections to an HTTP auth daemon: those that wait for a question, or the questions that wait for
/// one, never both.
///
/// Questions wait where the daemon's Unix socket is full: connect(2) refuses at once then (EAGAIN), where by TCP the kernel tries again itself.
/// While any wait there is one dial at a time, and a pause behind each that is refused. What it brings, and what comes free, is for
/// whoever has waited longest. Nobody waits longer than who asked: a question that is answered or cancelled is passed over.
///
/// Lives on its event loop.
final class LoopConnections {
  private static final int PAUSE_MILLIS = 20;

  /// How Netty's native code tells EAGAIN, and how the JDK does, to NIO's loops; neither has another way.
  private static final List<String> FULL =
      List.of("error(-11)", "Resource temporarily unavailable");

  private final EventLoop loop;
  private final IntSupplier room;
  private final Function<LoopConnections, ChannelFuture> dial;
  private final Deque<AuthHttpConnection> idle = new ArrayDeque<>();
  private final Deque<Question> waiting = new ArrayDeque<>();
  private boolean knocking; // a dial for who waits is under way, or its pause

  /// @param room how many connections may wait for a question
  /// @param dial begins a new connection of ours
  LoopConnections(EventLoop loop, IntSupplier room, Function<LoopConnections, ChannelFuture> dial) {
    this.loop = loop;
    this.room = room;
    this.dial = dial;
  }

  /// Asks, behind those that wait.
  void ask(Question question) {
    assert loop.inEventLoop();
    if (oldest() != null) {
      waiting.addLast(question);
    } else if (!askKept(question)) {
      dialFor(question);
    }
  }

  /// Whether there was a connection for it.
  private boolean askKept(Question question) {
    AuthHttpConnection kept = idle.pollLast();
    if (kept == null) {
      return false;
    }
    kept.ask(question);
    return true;
  }

  /// Asks on another connection, whose turn it was already: the first has closed.
  void askAgain(Question question) {
    if (oldest() != null) {
      waiting.addFirst(question);
    } else {
      dialFor(question); // what else is kept may have closed too
    }
  }

  private void dialFor(Question question) {
    if (question.answer().isDone()) {
      return; // nobody waits any more
    }
    dial(dialed -> {
      if (!isFull(dialed)) {
        give(dialed, question);
        return;
      }
      if (question.answer().isDone() || askKept(question)) {
        return; // one has come free meanwhile
      }
      waiting.addLast(question);
      if (!knocking) {
        knocking = true;
        knockLater();
      }
    });
  }

  private void knockLater() {
    loop.schedule(this::knock, PAUSE_MILLIS, TimeUnit.MILLISECONDS);
  }

  private void knock() {
    knocking = oldest() != null;
    if (!knocking) {
      return;
    }
    dial(dialed -> {
      if (isFull(dialed)) {
        knockLater();
        return;
      }
      give(dialed, takeOldest());
      knock();
    });
  }

  private void dial(Consumer<ChannelFuture> then) {
    dial.apply(this)
        .addListener((ChannelFutureListener) dialed -> onLoop(() -> then.accept(dialed)));
  }

  /// Where there is no descriptor for a channel, that is told by another thread.
  private void onLoop(Runnable told) {
    if (loop.inEventLoop()) {
      told.run();
    } else {
      loop.execute(told);
    }
  }

  private static boolean isFull(ChannelFuture dialed) {
    return dialed.cause() instanceof SocketException refused
        && FULL.stream().anyMatch(String.valueOf(refused.getMessage())::contains);
  }

  /// @param question null if nobody waits any more
  private static void give(ChannelFuture dialed, @Nullable Question question) {
    if (!dialed.isSuccess()) {
      if (question != null) {
        question.answer().completeExceptionally(dialed.cause());
      }
    } else if (question == null || question.answer().isDone()) {
      dialed.channel().close();
    } else {
      dialed.channel().pipeline().get(AuthHttpConnection.class).ask(question);
    }
  }

  private @Nullable Question takeOldest() {
    Question oldest = oldest();
    waiting.pollFirst();
    return oldest;
  }

  /// The question that has waited longest, and still does; null if none does.
  private @Nullable Question oldest() {
    while (true) {
      Question first = waiting.peekFirst();
      if (first == null || !first.answer().isDone()) {
        return first;
      }
      waiting.removeFirst();
    }
  }

  /// A connection that waits for a question. If there is none, it is kept if there is room.
  void idle(AuthHttpConnection connection) {
    if (idle.size() >= room.getAsInt() || !connection.channel().isActive()) {
      connection.channel().close();
      return;
    }
    Question next = takeOldest();
    if (next != null) {
      connection.ask(next);
    } else {
      idle.addLast(connection);
    }
  }

  /// A connection that has ended.
  void gone(AuthHttpConnection connection) {
    idle.remove(connection);
  }

  /// Closes the connections that wait for a question.
  void close() {
    List.copyOf(idle).forEach(each -> each.channel().close());
  }
}
