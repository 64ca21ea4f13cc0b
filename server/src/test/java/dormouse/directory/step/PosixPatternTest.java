package dormouse.directory.step;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.regex.Matcher;
import java.util.regex.PatternSyntaxException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// All that is expected here is what glibc's `regcomp` and `regexec` do in the C locale.
class PosixPatternTest {
  @ParameterizedTest
  @CsvSource({
    "alpha, azAZ, 0_ä",
    "digit, 09, a²",
    "alnum, az09, _-",
    "upper, AZ, a0Ä",
    "lower, az, A0ä",
    "space, ' \t', a",
    "blank, ' \t', a",
    "punct, '!/@[`~_', a0",
    "print, 'a ~', '\t'",
    "graph, a~, ' '",
    "cntrl, '\t', 'a '",
    "xdigit, 09afAF, gG",
  })
  void classesHaveTheirNames(String name, String in, String out) {
    for (String each : in.split("")) {
      assertThat(fits("^[[:" + name + ":]]$", each)).as(each).isTrue();
      assertThat(fits("^[^[:" + name + ":]]$", each)).as(each).isFalse();
      assertThat(fits("^[x[:" + name + ":]-]$", each)).as(each).isTrue();
    }
    for (String each : out.split("")) {
      assertThat(fits("^[[:" + name + ":]]$", each)).as(each).isFalse();
      assertThat(fits("^[^[:" + name + ":]]$", each)).as(each).isTrue();
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ' ',
      value = {
        "[]a]+ a]",
        "[^]a]+ x",
        "[a&&b]+ a&b",
        "[a[b]+ a[b",
        "[\\d]+ d\\",
        "[\\]] \\]",
        "[a-c-]+ b-",
        "[-a]+ a-",
        "[^-a] b",
        "[%--]+ %-",
        "[+--]+ +,-",
        "[a^]+ ^a",
        "[[=a=]b]+ ab",
        "[[.-.]b]+ b-",
        "[[.a.]-c]+ abc",
        "[:alpha:]+ alph:",
        "[a-z[:digit:]_]+ ab1_",
        "[ä-ü]+ äü",
        "[😀-😂] 😁",
        "[.$*(|]+ .$*(|",
      })
  void betweenBracketsFewMeanMoreThanThemselves(String pattern, String whole) {
    assertThat(fits("^" + pattern + "$", whole)).isTrue();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ' ',
      value = {
        "[a&&b] c",
        "[\\d] 1",
        "[]a] [",
        "[^]a] ]",
        "[:alpha:] b",
        "[a[b]] ab",
        "a\\.b axb",
        "a{,2}$ aaab",
        "\\<b ab",
        "b\\> bc",
      })
  void whatDoesNotFit(String pattern, String text) {
    assertThat(fits("^" + pattern, text)).isFalse();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ' ',
      value = {
        "(a+?)(a*) aaa aaa",
        "(a*?)(a*) aaa aaa",
        "(a*+)(a?) aaa aaa",
        "(a**)(a?) aaa aaa",
        "((ab)?+)c ababc abab",
        "(a{2}{2})a aaaaa aaaa",
        "(a{,2})a aaa aa",
        "(a{2,})b aaab aaa",
        "(a)) a) a",
        "(a}]) a}] a}]",
        "(|a)b ab a",
        "(.)\\1 xaab a",
        "(a)\\11 aa1 a",
        "\\<(b) ab.b b",
        "(a)\\> ab.a a",
        "(\\w+)\\W a_1- a_1",
        "\\`(a)b\\' ab a",
        "(\\.\\*\\{) a.*{ .*{",
      })
  void outsideOfBracketsRepetitionsRepeat(String pattern, String text, String group) {
    Matcher found = PosixPattern.compile(pattern).matcher(text);
    assertThat(found.find()).isTrue();
    assertThat(found.group(1)).isEqualTo(group);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "(a",
        "[a",
        "[]",
        "[^",
        "[^]",
        "[[:alpha:]",
        "[[:alpha]",
        "[[:ALPHA:]]",
        "[[:word:]]",
        "[[::]]",
        "[[.hyphen.]]",
        "[[.a]",
        "[[=ab=]]",
        "[c-a]",
        "[a-c-e]",
        "[[:alpha:]-z]",
        "[a-[:alpha:]]",
        "a\\",
        "(a)\\2",
        "(a\\1)",
        "*a",
        "^*a",
        "a|*b",
        "(*b)",
        "(?i)b",
        "a$*",
        "\\b+",
        "a\\>{2}",
        "a{",
        "a{x",
        "a{2,",
        "a{,}",
        "{1}",
        "a{3,1}",
        "a{99999999999}",
        "a{32768}",
        "a{1,32768}",
        "\\d",
        "\\pL",
        "\\Qa\\E",
        "\\ü",
      })
  void whatIsNoPatternIsTold(String pattern) {
    assertThatThrownBy(() -> PosixPattern.compile(pattern))
        .isInstanceOf(PatternSyntaxException.class);
  }

  @Test
  void whatIsWrongIsNamed() {
    assertThatThrownBy(() -> PosixPattern.compile("[[:alhpa:]]"))
        .hasMessageContaining("there is no class [:alhpa:]");
    assertThatThrownBy(() -> PosixPattern.compile("\\d+"))
        .hasMessageContaining("\\d means nothing in POSIX");
  }

  /// By recursion, Java and we alike.
  @Test
  void whatIsTooDeepOrTooLongToReadIsToldToo() {
    assertThat(fits("(".repeat(100) + "a" + ")".repeat(100), "a")).isTrue();
    assertThatThrownBy(() -> PosixPattern.compile("(".repeat(101) + "a" + ")".repeat(101)))
        .isInstanceOf(PatternSyntaxException.class)
        .hasMessageContaining("more than 100 groups in each other");
    assertThatThrownBy(() -> PosixPattern.compile("(".repeat(10_000)))
        .isInstanceOf(PatternSyntaxException.class);
    assertThatThrownBy(() -> PosixPattern.compile("(a)".repeat(20_000)))
        .isInstanceOf(PatternSyntaxException.class);
  }

  private static boolean fits(String pattern, String text) {
    return PosixPattern.compile(pattern).matcher(text).find();
  }
}
