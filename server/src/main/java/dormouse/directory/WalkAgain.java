package dormouse.directory;

import dormouse.config.LinkSettings.Unavailable;
import dormouse.session.TimerWheel;
import io.netty.channel.EventLoop;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/// One way through the chain for a user who has logged in before and shows nothing now. Lives on the user's event loop.
///
/// Links that cannot tell without a secret are left out. The one that has let the client in has the last word, by its kind, for a
/// reload may have put others between: if it does not know the user any more, no other kind lets the user in, for that one would have wanted
/// to see the password itself. If it cannot tell without a secret, or is away and may be, others decide only against the user.
final class WalkAgain {
  private static final Answer UNTOLD = new Answer.NotMine();

  private final List<GuardedLink> links;
  private final String by;
  private final String typed;
  private final EventLoop loop;
  private final TimerWheel wheel;
  private Facts learnt = Facts.NONE;
  private Answer cannotTell = Answer.reject(); // of the link that was away last
  private boolean secretive; // a link of another kind cannot tell without a secret
  // of the links of the kind that had let the client in, at least one
  private boolean there;
  private boolean disowned; // does not know the user
  private boolean untold; // cannot tell without a secret
  private boolean itsAway; // cannot tell now, and may be so
  private boolean away; // the same of any link

  /// @param by the kind of the link that had let the client in
  /// @param typed the user's name as the client has said it
  WalkAgain(List<GuardedLink> links, String by, String typed, EventLoop loop, TimerWheel wheel) {
    this.links = links;
    this.by = by;
    this.typed = typed;
    this.loop = loop;
    this.wheel = wheel;
  }

  /// As [Directory#askAgain].
  CompletableFuture<Answer> begin(Attempt attempt) {
    return from(0, attempt);
  }

  private CompletableFuture<Answer> from(int place, Attempt attempt) {
    if (place == links.size()) {
      return CompletableFuture.completedFuture(untold ? UNTOLD : atEnd());
    }
    GuardedLink link = links.get(place);
    boolean its = link.kind().equals(by);
    there |= its;
    if (!link.resumes(attempt.proof().kind())) {
      untold |= its;
      secretive |= !its;
      return from(place + 1, attempt);
    }
    return link.ask(attempt, loop, wheel)
        .thenCompose(answer ->
            switch (answer) {
              case Answer.NotMine _ -> {
                disowned |= its;
                yield from(place + 1, attempt);
              }
              case Answer.Learnt(var user, var facts) -> {
                learnt = facts.over(learnt);
                yield from(place + 1, attempt.withUser(user));
              }
              case Answer.CannotTell _ when link.settings().unavailable() == Unavailable.NEXT -> {
                away = true;
                itsAway |= its;
                cannotTell = answer;
                yield from(place + 1, attempt);
              }
              case Answer.Accept(var facts, _) ->
                  CompletableFuture.completedFuture(
                      accepted(its, Directory.whole(facts.over(learnt), attempt.user(), typed)));
              case Answer.Reject _, Answer.CannotTell _, Answer.AskAgain _, Answer.Prove _ ->
                  CompletableFuture.completedFuture(answer);
            });
  }

  private Answer accepted(boolean its, Facts facts) {
    if (its) {
      return new Answer.Accept(facts);
    }
    if (untold || itsAway) {
      return UNTOLD;
    }
    if (disowned) {
      return Answer.reject();
    }
    return away ? UNTOLD : new Answer.Accept(facts);
  }

  private Answer atEnd() {
    if (!there && secretive && !away) {
      return UNTOLD; // that one may have taken its place
    }
    return disowned && !itsAway ? Answer.reject() : cannotTell;
  }
}
