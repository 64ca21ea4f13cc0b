package dormouse.config;

import java.util.List;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/// Rewrites the user's name for the links behind it, in the order of its keys. What does not fit a step passes it as it is.
///
/// @param pattern a regular expression that the whole name must fit to be replaced by `to`
/// @param to what stands in its place, with `$1` … for what the pattern's groups hold
/// @param hostAfter what stands between a user and a backend's host or `host:port`, which is taken off the name, from the last
///     one on
/// @param lowerCase whether the name is written small
/// @param stripDomains domains that are taken off, with their `@`; `*` is any
/// @param addDomain what a name without a domain gets, behind an `@`
@Key("rewrite")
public record RewriteLinkSettings(
    @Nullable String pattern,
    @Nullable String to,
    @Nullable String hostAfter,
    boolean lowerCase,
    List<String> stripDomains,
    @Nullable String addDomain)
    implements LinkKind {
  /// Rewrites nothing.
  public static final RewriteLinkSettings DEFAULT =
      new RewriteLinkSettings(null, null, null, false, List.of(), null);

  public RewriteLinkSettings {
    stripDomains = List.copyOf(stripDomains);
    new Checks()
        .that(pattern == null || isPattern(pattern), "pattern", "a regular expression of Java")
        .that(pattern == null || to != null, "to", "what stands in place of the `pattern`")
        .that(to == null || pattern != null, "pattern", "what is replaced by `to`")
        .that(
            pattern == null || to == null || !isPattern(pattern) || fits(pattern, to),
            "to",
            "no more `$n` than the pattern has groups")
        .that(
            addDomain == null || addDomain.matches("[^@\\s]{1,253}"),
            "add-domain",
            "a domain without `@`")
        .done();
  }

  static boolean isPattern(String text) {
    try {
      Pattern.compile(text);
      return true;
    } catch (PatternSyntaxException _) {
      return false;
    }
  }

  /// Whether a replacement names no group that the pattern does not have.
  private static boolean fits(String pattern, String to) {
    int groups = Pattern.compile(pattern).matcher("").groupCount();
    return Pattern.compile("\\$(\\d)")
            .matcher(to)
            .results()
            .allMatch(use -> Integer.parseInt(use.group(1)) <= groups)
        && !to.matches(".*\\$(\\D.*|$)")
        && !to.endsWith("\\");
  }
}
