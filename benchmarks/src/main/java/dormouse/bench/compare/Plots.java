package dormouse.bench.compare;

import dormouse.bench.load.Latencies;
import dormouse.bench.stack.StackKind;
import dormouse.bench.work.Figures;
import dormouse.bench.work.Measure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// Draws curves as SVG, by hand: times over percentiles, memory over sessions.
final class Plots {
  private static final int WIDTH = 760;
  private static final int HEIGHT = 400;
  private static final int LEFT = 70;
  private static final int RIGHT = 210;
  private static final int TOP = 40;
  private static final int BOTTOM = 45;
  private static final int LABEL = 16; // pixels that one needs
  private static final double[] PERCENTS = {1, 10, 25, 50, 75, 90, 95, 98, 99, 99.5};
  private static final String[] COLOURS = {
    "#4e79a7", "#76b7b2", "#59a14f", "#9c755f", "#edc948", "#b07aa1", "#ff9da7", "#bab0ac"
  };
  private static final String OURS = "#e15759";

  record Point(double x, double y) {}

  /// A line with its name.
  record Curve(StackKind stack, List<Point> points) {}

  private Plots() {}

  /// Writes what there is to draw, and returns the names of the files, which begin with the workload's.
  static List<String> write(Figures figures, Path folder) throws IOException {
    List<String> names = new ArrayList<>();
    for (Map.Entry<String, Map<StackKind, Latencies>> each : figures.latencies().entrySet()) {
      String workload = each.getKey().startsWith("delivery") ? "deliver" : "wake";
      String name =
          workload
              + "-"
              + each.getKey().toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-")
              + ".svg";
      List<Curve> curves = new ArrayList<>();
      each.getValue().forEach((stack, times) -> curves.add(curve(stack, times)));
      Files.writeString(
          folder.resolve(name), draw(each.getKey() + ": ms over percentile", curves, true));
      names.add(name);
    }
    figures.measures("hold").stream()
        .filter(measure -> measure.name().startsWith("all memory"))
        .findFirst()
        .ifPresent(measure -> names.add("hold-memory.svg"));
    if (names.contains("hold-memory.svg")) {
      Files.writeString(folder.resolve("hold-memory.svg"), hold(figures));
    }
    return names;
  }

  /// Times over percentiles.
  static Curve curve(StackKind stack, Latencies times) {
    List<Point> points = new ArrayList<>();
    for (double percent : PERCENTS) {
      // so many of a hundred, with as much room for each halving of what is left
      points.add(new Point(-Math.log10(1 - percent / 100), times.millis(percent)));
    }
    return new Curve(stack, points);
  }

  /// What all rounds so far have added, over the rounds.
  private static String hold(Figures figures) {
    Measure memory =
        figures.measures("hold").stream()
            .filter(measure -> measure.name().startsWith("all memory"))
            .findFirst()
            .orElseThrow();
    List<Curve> curves = new ArrayList<>();
    figures
        .of(memory)
        .forEach((stack, rounds) -> {
          List<Point> points = new ArrayList<>();
          for (int i = 0; i < rounds.size(); i++) {
            if (rounds.get(i) > 0) { // else less than could be measured
              points.add(new Point(i + 1, rounds.get(i)));
            }
          }
          curves.add(new Curve(stack, points));
        });
    return draw("KiB that a session takes, front, back and kernel, round by round", curves, false);
  }

  /// @param curves some or all of which may have no points
  static String draw(String title, List<Curve> curves, boolean percentiles) {
    double most = 0;
    double least = Double.MAX_VALUE;
    double right = 0;
    double left = Double.MAX_VALUE;
    for (Curve curve : curves) {
      for (Point point : curve.points()) {
        most = Math.max(most, point.y());
        least = Math.min(least, Math.max(point.y(), 1e-3));
        right = Math.max(right, point.x());
        left = Math.min(left, point.x());
      }
    }
    if (most == 0) { // there is nothing to draw but the frame
      least = 1;
      left = 0;
    }
    Frame frame =
        new Frame(
            left,
            Math.max(right, left + 1e-9),
            Math.floor(Math.log10(least)),
            Math.ceil(Math.log10(Math.max(most, least * 1.01))));
    StringBuilder svg = new StringBuilder();
    svg.append(
        """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">
        <rect width="%d" height="%d" fill="white"/>
        <text x="%d" y="22" font-size="14">%s</text>
        """
            .formatted(WIDTH, HEIGHT, WIDTH, HEIGHT, LEFT, title));
    for (double power = frame.low; power <= frame.high; power++) {
      double y = frame.y(Math.pow(10, power));
      svg.append(
          "<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\" stroke=\"#ddd\"/><text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n"
              .formatted(
                  LEFT, y, WIDTH - RIGHT, y, LEFT - 8, y + 4, Page.number(Math.pow(10, power))));
    }
    double last = Double.NEGATIVE_INFINITY;
    for (double x : places(curves)) {
      if (frame.x(x) - last < LABEL) {
        continue; // it would run into the one before
      }
      last = frame.x(x);
      String label =
          percentiles
              ? Page.number(Math.rint(1000 - 1000 * Math.pow(10, -x)) / 10)
              : Page.number(x);
      svg.append(
          "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n"
              .formatted(frame.x(x), HEIGHT - BOTTOM + 20, label));
    }
    int colour = 0;
    int line = 0;
    for (Curve curve : curves) {
      String stroke = curve.stack().isDormouse() ? OURS : COLOURS[colour++ % COLOURS.length];
      String dash = curve.stack() == StackKind.DORMOUSE_ATTACHED ? " stroke-dasharray=\"5 4\"" : "";
      StringBuilder points = new StringBuilder();
      for (Point point : curve.points()) {
        points.append("%.1f,%.1f ".formatted(frame.x(point.x()), frame.y(point.y())));
      }
      svg.append(
          "<polyline points=\"%s\" fill=\"none\" stroke-width=\"2\" stroke=\"%s\"%s/>\n"
              .formatted(points.toString().strip(), stroke, dash));
      double y = TOP + 10 + 20.0 * line++;
      svg.append(
          "<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\" stroke-width=\"2\" stroke=\"%s\"%s/><text x=\"%d\" y=\"%.1f\">%s</text>\n"
              .formatted(
                  WIDTH - RIGHT + 12,
                  y,
                  WIDTH - RIGHT + 36,
                  y,
                  stroke,
                  dash,
                  WIDTH - RIGHT + 42,
                  y + 4,
                  curve.stack().title()));
    }
    return svg.append("</svg>\n").toString();
  }

  /// Where any of them has a point: one of them may lack some.
  private static double[] places(List<Curve> curves) {
    return curves.stream()
        .flatMap(curve -> curve.points().stream())
        .mapToDouble(Point::x)
        .sorted()
        .distinct()
        .toArray();
  }

  /// Where a point lies: x evenly, y by its logarithm.
  private record Frame(double left, double right, double low, double high) {
    double x(double value) {
      return LEFT + (value - left) / (right - left) * (WIDTH - LEFT - RIGHT);
    }

    double y(double value) {
      double part = (Math.log10(Math.max(value, 1e-3)) - low) / (high - low);
      return HEIGHT - BOTTOM - part * (HEIGHT - TOP - BOTTOM);
    }
  }
}
