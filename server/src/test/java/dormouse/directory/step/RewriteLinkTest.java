package dormouse.directory.step;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.config.BackendLinkSettings;
import dormouse.config.LinkKind;
import dormouse.config.LinkSettings;
import dormouse.config.LinkSettings.Unavailable;
import dormouse.config.RewriteLinkSettings;
import dormouse.directory.Answer;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RewriteLinkTest {
  private static final RewriteLinkSettings NOTHING = RewriteLinkSettings.DEFAULT;

  @Test
  void nothingIsRewrittenUnlessItIsSet() {
    assertThat(name(NOTHING, "Ann@Example.org")).isEqualTo("Ann@Example.org");
  }

  @Test
  void domainsAreTakenOffAndAdded() {
    var strip = new RewriteLinkSettings(null, null, null, true, List.of("example.org"), null);
    assertThat(name(strip, "Ann@EXAMPLE.org")).isEqualTo("ann");
    assertThat(name(strip, "ann@example.net")).isEqualTo("ann@example.net");
    var any = new RewriteLinkSettings(null, null, null, false, List.of("*"), "example.com");
    assertThat(name(any, "ann@example.net")).isEqualTo("ann@example.com");
    assertThat(name(any, "ann")).isEqualTo("ann@example.com");
  }

  @Test
  void aPatternMustFitTheWholeName() {
    var percent = new RewriteLinkSettings("([^%]+)%([^%]+)", "$1@$2", null, false, List.of(), null);
    assertThat(name(percent, "ann%example.org")).isEqualTo("ann@example.org");
    assertThat(name(percent, "ann%example.org%x")).isEqualTo("ann%example.org%x");
  }

  @Test
  void allOfTheNameIsReplacedThoughLessWouldFitAsWell() {
    var settings = new RewriteLinkSettings("a|ab", "x", null, false, List.of(), null);
    assertThat(name(settings, "ab")).isEqualTo("x");
  }

  /// It is matched on the client's event loop.
  @ParameterizedTest
  @ValueSource(strings = {"(a|b)*", "((a|aa)+)\\1!", "(.*)(.*)(.*)(.*)(.*)b"})
  void aPatternThatTakesTooLongIsGivenUp(String pattern) {
    var settings = new RewriteLinkSettings(pattern, "$1", null, false, List.of(), null);
    String name = "a".repeat(pattern.contains("|b") ? 20_000 : 255);
    assertThat(new RewriteLink(settings).rewrite(name))
        .isEqualTo(
            new Answer.CannotTell(
                "the pattern " + pattern + " takes too long with this name", /* down= */ false));
  }

  @Test
  void aHostThatTheUserTypedIsAFactAndNoPartOfTheName() {
    var at = new RewriteLinkSettings(null, null, "@", false, List.of(), null);
    RewriteLink link = new RewriteLink(at);
    assertThat(link.rewrite("ann@home@mx1.example.org:1143"))
        .isInstanceOfSatisfying(
            Answer.Learnt.class,
            learnt -> {
              assertThat(learnt.user()).isEqualTo("ann@home");
              assertThat(learnt.facts().host()).isEqualTo("mx1.example.org");
              assertThat(learnt.facts().port()).isEqualTo(1143);
            });
    assertThat(link.rewrite("ann")).isInstanceOf(Answer.Learnt.class);
    assertThat(link.rewrite("ann@mx1:99999")).isInstanceOf(Answer.Reject.class);
    assertThat(link.rewrite("ann@")).isInstanceOf(Answer.Reject.class);
    assertThat(link.rewrite("@mx1")).isInstanceOf(Answer.Reject.class);
  }

  @Test
  void theFirstStepsMakeTheNameThatCounts() {
    var strip = new RewriteLinkSettings(null, null, null, false, List.of("*"), null);
    var small = new RewriteLinkSettings(null, null, null, true, List.of(), null);
    assertThat(first("Ann@x", link(strip, Unavailable.STOP), link(small, Unavailable.STOP)))
        .isEqualTo("ann");
    assertThat(first("Ann@x", link(new BackendLinkSettings(), Unavailable.STOP)))
        .isEqualTo("Ann@x");
  }

  /// As the directory goes on with it.
  @Test
  void aStepThatCannotTellIsLeftOutIfTheNextIsAsked() {
    var hard = new RewriteLinkSettings("(.*)(.*)(.*)(.*)(.*)b", "$1", null, false, List.of(), null);
    var strip = new RewriteLinkSettings(null, null, null, false, List.of("*"), null);
    String typed = "ann@" + "a".repeat(255);
    assertThat(first(typed, link(hard, Unavailable.NEXT), link(strip, Unavailable.STOP)))
        .isEqualTo("ann");
    assertThat(first(typed, link(hard, Unavailable.STOP), link(strip, Unavailable.STOP)))
        .isEqualTo(typed);
  }

  private static String first(String typed, LinkSettings... links) {
    return RewriteLink.first(List.of(links)).apply(typed);
  }

  private static LinkSettings link(LinkKind kind, Unavailable unavailable) {
    LinkSettings usual = LinkSettings.DEFAULT;
    return new LinkSettings(
        kind,
        usual.timeout(),
        unavailable,
        usual.cache(),
        usual.cacheRefusals(),
        usual.cacheEntries(),
        usual.breakAfter(),
        usual.breakFor());
  }

  private static String name(RewriteLinkSettings settings, String user) {
    return new RewriteLink(settings).rewrite(user) instanceof Answer.Learnt(var name, _)
        ? name
        : "rejected";
  }
}
