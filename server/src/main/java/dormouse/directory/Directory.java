package dormouse.directory;

import dormouse.config.BackendLinkSettings;
import dormouse.config.LinkKind;
import dormouse.config.LinkSettings;
import dormouse.config.LinkSettings.Unavailable;
import dormouse.ops.Metrics;
import dormouse.session.TimerWheel;
import dormouse.tls.BadCertificates;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// The chain of links that knows who clients are. Each is asked in turn until one accepts or rejects; a user whom none of them
/// knows is rejected. A link that cannot tell ends the chain, unless its `unavailable` is `next`. Any thread.
public final class Directory implements AutoCloseable {
  private final List<GuardedLink> links;
  private int underWay; // of questions
  private @Nullable Directory successor;
  private boolean closed;

  Directory(List<GuardedLink> links) {
    this.links = List.copyOf(links);
  }

  /// The chain of the settings.
  ///
  /// @param settings at least one link
  /// @param maker makes each
  /// @throws BadCertificates if a certificate cannot be read
  /// @throws IOException if a file cannot be read, or is wrong
  public static Directory of(
      List<LinkSettings> settings, LinkMaker maker, InstantSource clock, Metrics metrics)
      throws BadCertificates, IOException {
    List<Link> made = new ArrayList<>();
    List<GuardedLink> links = new ArrayList<>();
    try {
      for (int i = 0; i < settings.size(); i++) {
        LinkSettings each = settings.get(i);
        String name = nameOf(each.kind(), i + 1);
        Link link = maker.make(each, name, "directory[" + i + "]");
        made.add(link);
        links.add(new GuardedLink(name, link, each, clock, metrics));
      }
    } catch (BadCertificates | IOException | RuntimeException | Error e) {
      made.forEach(Link::close);
      throw e;
    }
    return new Directory(links);
  }

  /// The place in the chain and the kind, as `2-sql`: one kind may be there twice.
  private static String nameOf(LinkKind kind, int place) {
    return place + "-" + kind.key();
  }

  /// Asks who a client is.
  ///
  /// @param attempt its proof is wiped by the caller, after the answer
  /// @param loop the caller's: the answer is completed there, perhaps before this returns
  /// @param wheel the loop's
  /// @return [Answer.Accept], [Answer.Prove], [Answer.Reject] or [Answer.CannotTell]; does not fail
  public CompletableFuture<Verdict> ask(Attempt attempt, EventLoop loop, TimerWheel wheel) {
    assert loop.inEventLoop();
    Directory next = enter();
    return next != null
        ? next.ask(attempt, loop, wheel)
        : counted(() ->
            new Walk(attempt.user(), loop, wheel).from(0, attempt, Facts.NONE, Answer.reject()));
  }

  /// Counts a question.
  ///
  /// @return whom to ask instead, of which nothing is counted; null: this
  private synchronized @Nullable Directory enter() {
    if (closed && successor != null) {
      return successor;
    }
    underWay++;
    return null;
  }

  /// Asks what has been counted, until there is an answer or it has failed, be it at once.
  private <T> CompletableFuture<T> counted(Supplier<CompletableFuture<T>> question) {
    return CompletableFuture.completedFuture(question)
        .thenCompose(Supplier::get)
        .whenComplete((_, _) -> left());
  }

  private void left() {
    synchronized (this) {
      underWay--;
    }
    closeIfOver();
  }

  /// On a thread of its own: a pool may wait for a database that hangs.
  private void closeIfOver() {
    if (isOver()) {
      Thread.ofVirtual().name("directory").start(this::closeLinks);
    }
  }

  /// What the chain says.
  ///
  /// @param by the kind of the link that has let the client in, as the settings call it; else `""`
  /// @param user what the links call the user that the client says it is
  public record Verdict(Answer answer, String by, String user) {}

  /// Asks what is to be said now of a user who has logged in before, without what the client has shown then.
  ///
  /// @param attempt by [Proof.Resumed]
  /// @param by as the verdict said then
  /// @return as [#ask], or [Answer.NotMine] if nobody can tell without the client's proof
  public CompletableFuture<Answer> askAgain(
      Attempt attempt, String by, EventLoop loop, TimerWheel wheel) {
    assert loop.inEventLoop();
    Directory next = enter();
    return next != null
        ? next.askAgain(attempt, by, loop, wheel)
        : counted(() -> new WalkAgain(links, by, attempt.user(), loop, wheel).begin(attempt));
  }

  /// Whether any link but the backend's can say more of a user who has logged in by such a proof.
  public boolean resumes(Proof.Kind before) {
    return links.stream()
        .anyMatch(link ->
            !(link.settings().kind() instanceof BackendLinkSettings) && link.resumes(before));
  }

  /// One way through the chain.
  private final class Walk {
    private final String typed;
    private final EventLoop loop;
    private final TimerWheel wheel;

    /// @param typed the user's name as the client says it
    Walk(String typed, EventLoop loop, TimerWheel wheel) {
      this.typed = typed;
      this.loop = loop;
      this.wheel = wheel;
    }

    /// @param place of the link to ask
    /// @param learnt what earlier links know of the user
    /// @param atEnd what is answered when no more links are left
    CompletableFuture<Verdict> from(int place, Attempt attempt, Facts learnt, Answer atEnd) {
      if (place == links.size()) {
        return CompletableFuture.completedFuture(new Verdict(atEnd, "", attempt.user()));
      }
      GuardedLink link = links.get(place);
      return link.ask(attempt, loop, wheel)
          .thenCompose(answer ->
              switch (answer) {
                case Answer.NotMine _ -> from(place + 1, attempt, learnt, atEnd);
                case Answer.Learnt(var user, var facts) ->
                    from(place + 1, attempt.withUser(user), facts.over(learnt), atEnd);
                case Answer.CannotTell _ when link.settings().unavailable() == Unavailable.NEXT ->
                    from(place + 1, attempt, learnt, answer);
                case Answer.Accept(var facts, _) ->
                    CompletableFuture.completedFuture(
                        new Verdict(
                            new Answer.Accept(whole(facts.over(learnt), attempt.user(), typed)),
                            link.kind(),
                            attempt.user()));
                case Answer.Prove(var facts, var verifier) ->
                    CompletableFuture.completedFuture(
                        new Verdict(
                            new Answer.Prove(
                                whole(facts.over(learnt), attempt.user(), typed), verifier),
                            link.kind(),
                            attempt.user()));
                case Answer.Reject _, Answer.CannotTell _, Answer.AskAgain _ ->
                    CompletableFuture.completedFuture(new Verdict(answer, "", attempt.user()));
              });
    }
  }

  /// @param user by the name that the links have made of it
  /// @param typed the name as the client says it
  static Facts whole(Facts facts, String user, String typed) {
    return user.equals(typed) ? facts : facts.named(user);
  }

  /// Another takes its place: it is closed as soon as nobody waits for its answer any more. Who comes later asks that one. Not from a loop.
  public void retire(Directory by) {
    synchronized (this) {
      successor = by;
    }
    closeIfOver();
  }

  /// Says once whether the links are to be closed now.
  private synchronized boolean isOver() {
    if (closed || successor == null || underWay > 0) {
      return false;
    }
    closed = true;
    return true;
  }

  /// Whether it is closed, or just being.
  public synchronized boolean isClosed() {
    return closed;
  }

  /// Gives back what the links hold. Not from a loop.
  @Override
  public void close() {
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
    }
    closeLinks();
  }

  private void closeLinks() {
    links.forEach(GuardedLink::close);
  }
}
