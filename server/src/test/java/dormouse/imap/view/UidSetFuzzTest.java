package dormouse.imap.view;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;

class UidSetFuzzTest {
  @FuzzTest
  void anyTextIsASetOrNull(byte[] bytes) {
    String text = new String(bytes, ISO_8859_1);
    var set = UidSet.parse(text);
    if (set != null) {
      assertThat(UidSet.parse(set.toString())).isEqualTo(set);
    }
    var list = UidSet.parseList(text);
    if (list != null) {
      assertThat(UidSet.parse(list.toString())).isEqualTo(list);
      assertThat(text.strip().isEmpty()).isEqualTo(list.isEmpty());
    }
  }
}
