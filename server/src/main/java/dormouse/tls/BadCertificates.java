package dormouse.tls;

import dormouse.config.Fault;
import java.util.List;
import java.util.stream.Collectors;

/// Certificates or keys that an operator should put right, all at once: each fault names its setting.
public final class BadCertificates extends Exception {
  private static final long serialVersionUID = 1;

  private final transient List<Fault> faults;

  BadCertificates(List<Fault> faults) {
    super(faults.stream().map(Fault::toString).collect(Collectors.joining("\n")));
    this.faults = List.copyOf(faults);
  }

  /// At least one; none has a line.
  public List<Fault> faults() {
    return faults;
  }
}
