package dormouse.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class WildcardTest {
  @ParameterizedTest
  @CsvSource({
    "ann,ann,true",
    "ann,ANN,true",
    "ann,anna,false",
    "ann,an,false",
    "*,'',true",
    "'','',true",
    "'',a,false",
    "**,a,true",
    "a*,a,true",
    "a*,ba,false",
    "*b,aab,true",
    "*b,aba,false",
    "a*b*c,aXbXbc,true",
    "a*b*c,aXcXb,false",
    "*ab*,aab,true",
    "a.c,abc,false",
    "\\Q*,\\Q\\E,true",
    "*Ä,xä,true",
    "*\uD801\uDC00,x\uD801\uDC28,true",
  })
  void aStarIsAnyLetters(String pattern, String text, boolean fits) {
    assertThat(Wildcard.fits(pattern, text)).isEqualTo(fits);
  }

  @Test
  void aLineEndIsALetterLikeAnother() {
    assertThat(Wildcard.fits("a*b", "a\n\r\nb")).isTrue();
  }

  @Test
  @Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void aLongNameAndManyStarsComeToAnEnd() {
    String name = "a".repeat(4096);
    String pattern = "*a".repeat(100) + "*b";
    RouteSettings rule = new RouteSettings(pattern, null, null, null, "mx");
    assertThat(rule.fits(name, "imap", SettingsFileCase.at("127.0.0.1", 993))).isFalse();
    assertThat(rule.fits(name + "b", "imap", SettingsFileCase.at("127.0.0.1", 993))).isTrue();
    BackendSettings entry = BackendSettings.to(pattern, 143, BackendTls.NONE);
    assertThat(entry.fits(name)).isFalse();
  }

  @ParameterizedTest
  @CsvSource({
    "10.0.0.*,10.0.0.7,true",
    "10.0.0.*,10.0.0.evil.example,false",
    "10.0.0.*,10.0.0.7.,false",
    "1*,1.2.3.4,true",
    "1*,1mx,false",
    "10.*.example,10.0.example,true",
    "mx1*,mx1.example,true",
    "*,10.0.0.7,true",
    "*,mx1.example,true",
    "fd00:*,fd00::7,true",
    "FD00:*,fd00::7,true",
    "fd00:*,fd01::7,false",
    "fd00:*,fd00:evil.example,false",
    "*:*,a:b,false",
    "10.0.0.7,10.0.0.7,false"
  })
  void aPatternOfNumbersFitsNoName(String pattern, String host, boolean fits) {
    assertThat(BackendSettings.to(pattern, 143, BackendTls.NONE).fits(host)).isEqualTo(fits);
  }
}
