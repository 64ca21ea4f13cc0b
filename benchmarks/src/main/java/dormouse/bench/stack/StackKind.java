package dormouse.bench.stack;

import dormouse.bench.stack.Backend.Variant;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/// What is compared.
public enum StackKind {
  DOVECOT("Dovecot", Variant.LIVE, ""),
  DOVECOT_HIBERNATE("Dovecot, hibernating", Variant.HIBERNATING, ""),
  NGINX("nginx", Variant.LIVE, "/usr/lib/nginx/modules/ngx_mail_module.so"),
  NGINX_HIBERNATE("nginx, hibernating", Variant.HIBERNATING, NGINX.program),
  DOVECOT_PROXY("Dovecot proxy", Variant.LIVE, ""),
  DOVECOT_PROXY_HIBERNATE("Dovecot proxy, hibernating", Variant.HIBERNATING, ""),
  PERDITION("perdition", Variant.LIVE, "/usr/sbin/perdition"),
  PERDITION_HIBERNATE("perdition, hibernating", Variant.HIBERNATING, PERDITION.program),
  HAPROXY("HAProxy", Variant.LIVE, "/usr/sbin/haproxy"),
  HAPROXY_HIBERNATE("HAProxy, hibernating", Variant.HIBERNATING, HAPROXY.program),
  DORMOUSE("Dormouse", Variant.FEEDING, ""),
  /// Which trusts a password that the backend has just taken: `pool.trust-password`.
  DORMOUSE_LENDING("Dormouse, lending", Variant.FEEDING, ""),
  /// The same for longer than any of the workloads runs.
  DORMOUSE_TRUSTING("Dormouse, trusting", Variant.FEEDING, ""),
  DORMOUSE_ATTACHED("Dormouse, attached", Variant.LIVE, "");

  /// All that keep a process of the backend for each session, and Dormouse both ways.
  public static final List<StackKind> LIVE =
      List.of(DOVECOT, NGINX, DOVECOT_PROXY, PERDITION, HAPROXY, DORMOUSE, DORMOUSE_ATTACHED);

  private static final String TRUST = "24h";

  private final String title;
  private final Variant variant;
  private final String program;

  StackKind(String title, Variant variant, String program) {
    this.title = title;
    this.variant = variant;
    this.program = program;
  }

  /// For tables.
  public String title() {
    return title;
  }

  /// For file names and users.
  public String id() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  public boolean isDormouse() {
    return sleeps() || this == DORMOUSE_ATTACHED;
  }

  /// Whether the front hibernates sessions, and tells how many.
  boolean sleeps() {
    return variant == Variant.FEEDING;
  }

  /// Whether this machine has what it needs.
  public boolean installed() {
    return Files.isExecutable(Path.of("/usr/sbin/dovecot"))
        && (program.isEmpty() || Files.exists(Path.of(program)));
  }

  /// Whether the backend hands idle sessions to another process.
  public boolean hibernates() {
    return variant == Variant.HIBERNATING;
  }

  /// Whether each session that idles takes a process.
  public boolean forks() {
    return variant == Variant.LIVE || this == PERDITION_HIBERNATE;
  }

  /// How long Dormouse trusts a password that the backend has taken.
  String trust() {
    return switch (this) {
      case DORMOUSE_LENDING -> Backend.HIBERNATE_AFTER;
      case DORMOUSE_TRUSTING -> TRUST;
      default -> "0s";
    };
  }

  Variant variant() {
    return variant;
  }
}
