package dormouse.bench.compare;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.bench.compare.Plots.Curve;
import dormouse.bench.compare.Plots.Point;
import dormouse.bench.stack.StackKind;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class PlotsTest {
  @BeforeAll
  static void numbersAreWrittenAsInC() {
    Locale.setDefault(Locale.ROOT);
  }

  @Test
  void whatTookLessThanCouldBeMeasuredIsAnEmptyFrame() {
    assertThat(Plots.draw("memory", List.of(new Curve(StackKind.DORMOUSE, List.of())), false))
        .contains(">memory</text>", "points=\"\"", ">Dormouse</text>")
        .endsWith("</svg>\n");
  }

  @Test
  void aCurveOfOnePointIsDrawn() {
    assertThat(
            Plots.draw(
                "memory",
                List.of(new Curve(StackKind.DORMOUSE, List.of(new Point(1, 0.5)))),
                false))
        .contains("points=\"70.0,")
        .doesNotContain("NaN", "Infinity");
  }
}
