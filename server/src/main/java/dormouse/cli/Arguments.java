package dormouse.cli;

import dormouse.config.BackendTls;
import dormouse.config.HibernateSettings;
import dormouse.config.Units;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.TypeConversionException;

/// The arguments as they were typed; [Cli] makes sense of them.
@Command(
    name = "dormouse",
    synopsisHeading = "",
    customSynopsis = {
      "Usage:",
      "  dormouse                           a demo, with two mail servers of its own",
      "  dormouse --backend HOST [options]  in front of that server, no file needed",
      "  dormouse --config FILE             as the file says",
      "  dormouse check FILE                tells all that is wrong with the file",
      "  dormouse reload [FILE]             has the Dormouse that runs with it read it again",
      "  dormouse train                     makes later starts quick; once for each installed jar",
      ""
    },
    description = "A mail front end in which idle clients sleep.",
    optionListHeading = "%nOptions:%n",
    sortOptions = false,
    usageHelpWidth = 100,
    abbreviateSynopsis = true)
final class Arguments {
  @Option(
      names = "--backend",
      paramLabel = "HOST[:PORT]",
      converter = BackendAddress.class,
      description = "The mail server. Port 143 if none is said, 993 with --backend-tls tls.")
  Units.@Nullable HostPort backend;

  @Option(
      names = "--backend-tls",
      paramLabel = "none|starttls|tls",
      converter = Tls.class,
      description =
          "How Dormouse comes to TLS with it. Unless said: tls at port 993, else starttls.")
  @Nullable BackendTls backendTls;

  @Option(
      names = "--backend-trusted",
      description = "Tell it the clients' addresses (ID x-originating-ip).")
  boolean backendTrusted;

  @Option(
      names = "--backend-insecure",
      description = "Do not check its certificate. Anybody on the way can then read along.")
  boolean backendInsecure;

  @Option(
      names = "--imaps",
      paramLabel = "ADDR:PORT",
      converter = ListenAddress.class,
      description = "Clients come in here with TLS. With neither this nor --imap: 127.0.0.1:1993.")
  @Nullable InetSocketAddress imaps;

  @Option(
      names = "--imap",
      paramLabel = "ADDR:PORT",
      converter = ListenAddress.class,
      description = "Clients come in here, STARTTLS before login. With neither: 127.0.0.1:1143.")
  @Nullable InetSocketAddress imap;

  @Option(
      names = "--certificate",
      paramLabel = "FILE",
      description =
          "PEM, what clients see. Without it: a self-signed one, made at the first start.")
  @Nullable Path certificate;

  @Option(names = "--key", paramLabel = "FILE", description = "PEM, the key of --certificate.")
  @Nullable Path key;

  @Option(
      names = "--hibernate-after",
      paramLabel = "DURATION",
      converter = Quiet.class,
      description = "Silence before a session gives up its backend connection, as 0s, 15s, 2m.")
  @Nullable Duration hibernateAfter;

  @Option(
      names = "--admin",
      paramLabel = "ADDR:PORT",
      converter = ListenAddress.class,
      description = "Serves /metrics and /health. Unless said: 127.0.0.1:8080.")
  @Nullable InetSocketAddress admin;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "The settings; see docs/settings.md.")
  @Nullable Path config;

  @Option(
      names = "--log",
      paramLabel = "error|warn|info|debug",
      converter = Level.class,
      description = "How much is told on stderr. Unless said: info.")
  @Nullable String log;

  @Option(names = "--quiet", description = "No live line of state.")
  boolean quiet;

  @Option(names = "--version", versionHelp = true, description = "Print the version.")
  boolean version;

  @Option(names = "--help", usageHelp = true, description = "Print this.")
  boolean help;

  /// `dormouse reload [FILE]`.
  @Command(
      name = "reload",
      description = "Has the Dormouse that runs on this machine read its settings file again.")
  static final class Reload {
    @Parameters(
        paramLabel = "FILE",
        arity = "0..1",
        description = "Its settings file, for admin.address. Unless said: 127.0.0.1:8080.")
    @Nullable Path file;

    @Option(names = "--help", usageHelp = true, description = "Print this.")
    boolean help;
  }

  /// `dormouse train`.
  @Command(
      name = "train",
      description =
          "Serves clients of its own for some seconds, and keeps what the JVM has learned in a file beside the jar.")
  static final class Train {
    @Option(names = "--help", usageHelp = true, description = "Print this.")
    boolean help;
  }

  /// `dormouse check FILE`.
  @Command(name = "check", description = "Tells all that is wrong with a settings file.")
  static final class Check {
    @Parameters(paramLabel = "FILE", description = "The settings file.")
    Path file = Path.of("");

    @Option(names = "--help", usageHelp = true, description = "Print this.")
    boolean help;
  }

  static final class BackendAddress implements ITypeConverter<Units.HostPort> {
    @Override
    public Units.HostPort convert(String text) {
      Units.HostPort address = Units.hostPort(text);
      return wanted(
          address == null || Units.isScoped(address.host()) ? null : address,
          "a host, with or without a port, as mail.example.org:143",
          text);
    }
  }

  static final class ListenAddress implements ITypeConverter<InetSocketAddress> {
    @Override
    public InetSocketAddress convert(String text) {
      return wanted(Units.listenAddress(text), "an address of this machine, as 0.0.0.0:993", text);
    }
  }

  static final class Quiet implements ITypeConverter<Duration> {
    @Override
    public Duration convert(String text) {
      Duration quiet = wanted(Units.duration(text), "a duration, as 0s, 15s or 2m", text);
      try {
        return HibernateSettings.DEFAULT.withAfter(quiet).after();
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(
            String.valueOf(e.getMessage()).replaceFirst("^after: ", ""));
      }
    }
  }

  static final class Tls implements ITypeConverter<BackendTls> {
    @Override
    public BackendTls convert(String text) {
      BackendTls tls =
          switch (text.toLowerCase(Locale.ROOT)) {
            case "none" -> BackendTls.NONE;
            case "starttls" -> BackendTls.STARTTLS;
            case "tls" -> BackendTls.TLS;
            default -> null;
          };
      return wanted(tls, "none, starttls or tls", text);
    }
  }

  static final class Level implements ITypeConverter<String> {
    @Override
    public String convert(String text) {
      String level = text.toLowerCase(Locale.ROOT);
      return switch (level) {
        case "error", "warn", "info", "debug" -> level;
        default -> wanted((String) null, "error, warn, info or debug", text);
      };
    }
  }

  private static <T> T wanted(@Nullable T value, String wanted, String text) {
    if (value == null) {
      throw new TypeConversionException("wanted " + wanted + ", not `" + text + "`");
    }
    return value;
  }
}
