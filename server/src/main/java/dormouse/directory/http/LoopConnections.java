package dormouse.directory.http;

import dormouse.directory.Workers;
import dormouse.directory.http.AuthHttpConnection.Question;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.EventLoop;
import java.net.SocketException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
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
/// whoever has waited longest. Nobody waits longer than who asked: a question that is answered or cancelled is passed over. Who finds no
/// place, or has waited for too long, fails as at [Workers]: that nobody has asked the daemon says nothing of it, and who has a turn has
/// time left for the answer.
///
/// Lives on its event loop.
final class LoopConnections {
  private static final int PAUSE_MILLIS = 20;
  private static final int MOST_WAITING = 1000;

  /// How Netty's native code tells EAGAIN, and how the JDK does, to NIO's loops; neither has another way. The JDK's words are those of the
  /// locale: in another language a full socket counts there as one that refuses.
  private static final List<String> FULL =
      List.of("error(-11)", "Resource temporarily unavailable");

  private final EventLoop loop;
  private final IntSupplier room;
  private final Function<LoopConnections, ChannelFuture> dial;
  private final long patienceMillis;
  private final long pauseMillis;
  private final InstantSource clock;
  private final Deque<AuthHttpConnection> idle = new ArrayDeque<>();
  private final Deque<Question> waiting = new ArrayDeque<>();
  private boolean knocking; // a dial for who waits is under way, or its pause

  /// @param room how many connections may wait for a question
  /// @param dial begins a new connection of ours
  /// @param patience how long behind its coming a question may wait
  LoopConnections(
      EventLoop loop,
      IntSupplier room,
      Function<LoopConnections, ChannelFuture> dial,
      Duration patience,
      InstantSource clock) {
    this.loop = loop;
    this.room = room;
    this.dial = dial;
    this.patienceMillis = patience.toMillis();
    this.pauseMillis = Math.clamp(patienceMillis / 2, 1, PAUSE_MILLIS);
    this.clock = clock;
  }

  /// Asks, behind those that wait.
  void ask(Question question) {
    assert loop.inEventLoop();
    if (!askKept(question)) {
      askNew(question, waiting::addLast);
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

  /// Asks on another connection, whose turn it was already: the first has closed, and what else is kept may have closed too.
  void askAgain(Question question) {
    askNew(question, waiting::addFirst);
  }

  private void askNew(Question question, Consumer<Question> place) {
    if (oldest() != null) {
      await(question, place);
      return;
    }
    dial(dialed -> {
      boolean over = question.answer().isDone();
      if (!isFull(dialed)) {
        give(dialed, over ? takeOldest() : question);
      } else if (!over && !askKept(question)) { // one may have come free meanwhile
        await(question, place);
      }
    });
  }

  private void await(Question question, Consumer<Question> place) {
    if (waiting.size() >= MOST_WAITING) {
      question.answer().completeExceptionally(new Workers.Crowded());
      return;
    }
    place.accept(question);
    if (!knocking) {
      knocking = true;
      knockLater();
    }
  }

  private void knockLater() {
    loop.schedule(
        () -> {
          waiting.removeIf(this::isOver);
          knock();
        },
        pauseMillis,
        TimeUnit.MILLISECONDS);
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
      if (first == null || !isOver(first)) {
        return first;
      }
      waiting.removeFirst();
    }
  }

  /// Whether it waits no more; if it has done so for too long, it fails. Who asked hears that in another task of the loop, and asks nothing here meanwhile.
  private boolean isOver(Question one) {
    CompletableFuture<AuthHttpResponse> answer = one.answer();
    if (clock.millis() - one.sinceMillis() > patienceMillis) {
      answer.completeExceptionally(new Workers.Crowded());
    }
    return answer.isDone();
  }

  /// A connection that has had its answer. Without room it is closed, whoever waits: where none is kept, none takes a second question. Else it is for who
  /// has waited longest, and is kept if nobody waits.
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
