package dormouse.directory;

import dormouse.config.BackendLinkSettings;
import dormouse.config.HttpLinkSettings;
import dormouse.config.LinkKind;
import dormouse.config.LinkSettings;
import dormouse.config.LinkSettings.Unavailable;
import dormouse.ops.Metrics;
import dormouse.session.TimerWheel;
import dormouse.tls.BackendTrust;
import dormouse.tls.BadCertificates;
import io.netty.channel.EventLoop;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/// The chain of links that knows who clients are. Each is asked in turn until one accepts or rejects; a user whom none of them
/// knows is rejected. A link that cannot tell ends the chain, unless its `unavailable` is `next`. Any thread.
public final class Directory implements AutoCloseable {
  private final List<GuardedLink> links;

  Directory(List<GuardedLink> links) {
    this.links = List.copyOf(links);
  }

  /// The chain of the settings.
  ///
  /// @param settings at least one link
  /// @param epoll whether the event loops are native epoll ones
  /// @throws BadCertificates if a certificate cannot be read
  public static Directory of(
      List<LinkSettings> settings, boolean epoll, InstantSource clock, Metrics metrics)
      throws BadCertificates {
    List<GuardedLink> links = new ArrayList<>();
    for (int i = 0; i < settings.size(); i++) {
      LinkSettings each = settings.get(i);
      Link link = linkOf(each.kind(), "directory[" + i + "]", epoll);
      links.add(new GuardedLink(nameOf(each.kind(), i + 1), link, each, clock, metrics));
    }
    return new Directory(links);
  }

  private static Link linkOf(LinkKind kind, String setting, boolean epoll) throws BadCertificates {
    return switch (kind) {
      case BackendLinkSettings _ -> new BackendLink();
      case HttpLinkSettings http -> {
        BackendTrust trust =
            http.url().tls() ? BackendTrust.load(setting + ".http.ca", true, http.ca()) : null;
        yield new HttpLink(http, trust, epoll);
      }
    };
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
  /// @return [Answer.Accept], [Answer.Reject] or [Answer.CannotTell]; does not fail
  public CompletableFuture<Answer> ask(Attempt attempt, EventLoop loop, TimerWheel wheel) {
    assert loop.inEventLoop();
    return ask(0, attempt, loop, wheel, Answer.reject());
  }

  /// @param atEnd what is answered when no more links are left
  private CompletableFuture<Answer> ask(
      int place, Attempt attempt, EventLoop loop, TimerWheel wheel, Answer atEnd) {
    if (place == links.size()) {
      return CompletableFuture.completedFuture(atEnd);
    }
    GuardedLink link = links.get(place);
    return link.ask(attempt, loop, wheel)
        .thenCompose(answer ->
            switch (answer) {
              case Answer.NotMine _ -> ask(place + 1, attempt, loop, wheel, atEnd);
              case Answer.CannotTell _ when link.settings().unavailable() == Unavailable.NEXT ->
                  ask(place + 1, attempt, loop, wheel, answer);
              case Answer.Accept _, Answer.Reject _, Answer.CannotTell _, Answer.AskAgain _ ->
                  CompletableFuture.completedFuture(answer);
            });
  }

  /// Gives back what the links hold. Not from a loop.
  @Override
  public void close() {
    links.forEach(GuardedLink::close);
  }
}
