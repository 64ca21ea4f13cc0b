package dormouse.directory.step;

import dormouse.config.LinkSettings;
import dormouse.config.MapLinkSettings;
import dormouse.config.RewriteLinkSettings;
import dormouse.directory.Answer;
import dormouse.directory.Attempt;
import dormouse.directory.Facts;
import dormouse.directory.Link;
import io.netty.channel.EventLoop;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Rewrites the user's name for the links behind it. Any thread.
public final class RewriteLink implements Link {
  private final RewriteLinkSettings settings;
  private final @Nullable Pattern pattern;

  public RewriteLink(RewriteLinkSettings settings) {
    this.settings = settings;
    this.pattern = settings.pattern() == null ? null : Pattern.compile(settings.pattern());
  }

  /// What the steps before the first link that decides make of a name; the name itself where they make no user of it. As in the directory, a
  /// step that cannot tell is passed over if `unavailable` is `next`.
  public static UnaryOperator<String> first(List<LinkSettings> links) {
    List<Step> steps =
        links.stream()
            .takeWhile(link ->
                link.kind() instanceof RewriteLinkSettings
                    || link.kind() instanceof MapLinkSettings)
            .filter(link -> link.kind() instanceof RewriteLinkSettings)
            .map(Step::of)
            .toList();
    return typed -> {
      String name = typed;
      for (Step step : steps) {
        switch (step.link.rewrite(name)) {
          case Answer.Learnt(String user, _) -> name = user;
          case Answer.CannotTell _ when step.mayFail -> {}
          case Answer.Accept _,
              Answer.Reject _,
              Answer.NotMine _,
              Answer.CannotTell _,
              Answer.Prove _,
              Answer.AskAgain _ -> {
            return typed;
          }
        }
      }
      return name;
    };
  }

  /// @param mayFail whether a name that it cannot rewrite goes on as it is
  private record Step(RewriteLink link, boolean mayFail) {
    static Step of(LinkSettings settings) {
      return new Step(
          new RewriteLink((RewriteLinkSettings) settings.kind()),
          settings.unavailable() == LinkSettings.Unavailable.NEXT);
    }
  }

  @Override
  public CompletableFuture<Answer> ask(Attempt attempt, EventLoop loop) {
    return CompletableFuture.completedFuture(rewrite(attempt.user()));
  }

  /// A name of which nothing is left is nobody's.
  Answer rewrite(String user) {
    Map<String, String> facts = new HashMap<>();
    String name;
    try {
      name = domain(small(host(replaced(user), facts)));
    } catch (BoundedMatch.TooHard e) {
      return new Answer.CannotTell(String.valueOf(e.getMessage()), /* down= */ false);
    }
    if (name.isBlank()) {
      return Answer.reject();
    }
    return switch (Facts.accept(facts)) {
      case Answer.Accept(Facts known, _) -> new Answer.Learnt(name, known);
      case Answer _ -> Answer.reject(); // what the client typed is no host and port
    };
  }

  private String replaced(String user) throws BoundedMatch.TooHard {
    String to = settings.to();
    if (pattern == null || to == null) {
      return user;
    }
    return BoundedMatch.of(
        pattern.pattern(), pattern, user, match -> match.matches() ? filled(to, match) : user);
  }

  private static String filled(String to, Matcher whole) {
    StringBuilder name = new StringBuilder();
    whole.appendReplacement(
        name, to); // replaceFirst would look for another match, maybe a shorter one
    return name.toString();
  }

  private String host(String user, Map<String, String> facts) {
    String delimiter = settings.hostAfter();
    int at = delimiter == null ? -1 : user.lastIndexOf(delimiter);
    if (delimiter == null || at < 0) {
      return user;
    }
    HostAndPort.put(user.substring(at + delimiter.length()), facts);
    return user.substring(0, at);
  }

  private String small(String user) {
    return settings.lowerCase() ? user.toLowerCase(Locale.ROOT) : user;
  }

  private String domain(String user) {
    int at = user.lastIndexOf('@');
    String name = user;
    if (at >= 0 && strips(user.substring(at + 1))) {
      name = user.substring(0, at);
    }
    return settings.addDomain() != null && name.indexOf('@') < 0 && !name.isEmpty()
        ? name + "@" + settings.addDomain()
        : name;
  }

  private boolean strips(String domain) {
    return settings.stripDomains().stream()
        .anyMatch(strip -> strip.equals("*") || strip.equalsIgnoreCase(domain));
  }
}
