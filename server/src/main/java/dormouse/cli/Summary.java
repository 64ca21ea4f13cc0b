package dormouse.cli;

import dormouse.config.BackendSettings;
import dormouse.config.BackendTls;
import dormouse.config.HibernateSettings;
import dormouse.config.ListenTls;
import dormouse.config.Settings;
import dormouse.config.Units;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// Says in a few lines what a Dormouse that has started does.
public final class Summary {
  private Summary() {}

  /// The lines, each with its end.
  ///
  /// @param addresses where the listeners are, in the order of the settings, with the ports they have
  public static String of(Settings settings, List<InetSocketAddress> addresses) {
    String clients =
        IntStream.range(0, addresses.size())
            .mapToObj(
                i -> Units.show(addresses.get(i)) + " " + show(settings.listen().get(i).tls()))
            .collect(Collectors.joining(", "));
    String backends =
        settings.backends().values().stream().map(Summary::show).collect(Collectors.joining(", "));
    InetSocketAddress admin = settings.admin().address();
    return "clients    "
        + clients
        + "\n"
        + "backends   "
        + backends
        + "\n"
        + "hibernate  "
        + show(settings.hibernate())
        + "\n"
        + (admin == null ? "" : "metrics    http://" + Units.show(admin) + "/metrics\n");
  }

  private static String show(ListenTls tls) {
    return switch (tls) {
      case IMPLICIT -> "(TLS)";
      case STARTTLS -> "(STARTTLS before login)";
      case OPTIONAL -> "(STARTTLS if the client wants)";
      case NONE -> "(no TLS)";
    };
  }

  private static String show(BackendSettings backend) {
    String address =
        (backend.host().indexOf(':') >= 0 ? "[" + backend.host() + "]" : backend.host())
            + ":"
            + backend.port();
    String tls =
        switch (backend.tls()) {
          case NONE -> "no TLS";
          case STARTTLS -> "STARTTLS";
          case TLS -> "TLS";
        };
    String verified = backend.verify() ? ", certificate checked" : ", certificate NOT checked";
    return address + " (" + tls + (backend.tls() == BackendTls.NONE ? "" : verified) + ")";
  }

  private static String show(HibernateSettings hibernate) {
    return hibernate.enabled() ? "after " + Units.show(hibernate.after()) + " of silence" : "never";
  }
}
