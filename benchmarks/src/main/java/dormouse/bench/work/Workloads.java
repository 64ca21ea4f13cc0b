package dormouse.bench.work;

import java.util.List;

/// All of them, in the order of the page.
public final class Workloads {
  public static final List<Workload> ALL =
      List.of(
          new Hold(),
          new Login(),
          new Storm(),
          new Wake(),
          new Deliver(),
          new Status(),
          new Streaming(),
          new Mixed());

  private Workloads() {}
}
