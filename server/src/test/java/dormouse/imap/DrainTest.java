package dormouse.imap;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class DrainTest {
  @Test
  void oneThatCannotBeEndedKeepsNobodyFromTheEnd() {
    List<String> ended = new ArrayList<>();
    Drain.each(
        Stream.of("ann", "bob", "cid", "dan"),
        who -> {
          if (who.equals("bob")) {
            throw new IllegalStateException("as a bug would");
          }
          assert !who.equals("cid");
          ended.add(who);
        });
    assertThat(ended).containsExactly("ann", "dan");
  }
}
