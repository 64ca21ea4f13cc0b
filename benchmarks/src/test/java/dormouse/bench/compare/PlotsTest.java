package dormouse.bench.compare;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.bench.compare.Plots.Curve;
import dormouse.bench.compare.Plots.Point;
import dormouse.bench.load.Latencies;
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
  void everyRoundHasItsLabelAlsoIfTheFirstCurveLacksIt() {
    Curve first = new Curve(StackKind.DOVECOT, List.of(new Point(1, 90), new Point(3, 91)));
    Curve second = new Curve(StackKind.DORMOUSE, List.of(new Point(2, 4), new Point(3, 5)));
    assertThat(Plots.draw("memory", List.of(first, second), false))
        .contains(label("70.0", "1"), label("310.0", "2"), label("550.0", "3"));
  }

  @Test
  void percentilesAreWhatTheyAreAndDoNotRunIntoEachOther() {
    Latencies times = new Latencies();
    times.add(1_000_000);
    assertThat(Plots.draw("times", List.of(Plots.curve(StackKind.DORMOUSE, times)), true).lines())
        .filteredOn(line -> line.contains("y=\"375\""))
        .extracting(line -> line.replaceAll(".*>(.*)</text>", "$1"))
        .containsExactly("1", "25", "50", "75", "90", "95", "98", "99", "99.5");
  }

  private static String label(String x, String text) {
    return "<text x=\"%s\" y=\"375\" text-anchor=\"middle\">%s</text>".formatted(x, text);
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
