package dormouse.cli;

import dormouse.config.AdminSettings;
import dormouse.config.BackendSettings;
import dormouse.config.BackendTls;
import dormouse.config.CertificateSettings;
import dormouse.config.Fault;
import dormouse.config.HibernateSettings;
import dormouse.config.ListenSettings;
import dormouse.config.ListenTls;
import dormouse.config.Protocol;
import dormouse.config.RuntimeSettings;
import dormouse.config.Settings;
import dormouse.config.SettingsChecks;
import dormouse.config.SettingsFile;
import dormouse.config.SettingsRead;
import dormouse.config.TlsSettings;
import dormouse.config.Units;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/// Makes a [Request] of the command line. What is wrong with it is told on `err`.
public final class Cli {
  private static final int BAD_SETTINGS = 1;
  private static final int BAD_COMMAND_LINE = 2;
  private static final InetSocketAddress USUAL_IMAPS = loopback(1993);
  private static final InetSocketAddress USUAL_IMAP = loopback(1143);

  private final PrintWriter out;
  private final PrintWriter err;
  private final Map<String, String> environment;
  private final SettingsFile.Named named;

  /// @param environment for `STATE_DIRECTORY` (systemd), `XDG_STATE_HOME` and `HOME`
  /// @param named looks at what settings name
  public Cli(
      PrintWriter out, PrintWriter err, Map<String, String> environment, SettingsFile.Named named) {
    this.out = out;
    this.err = err;
    this.environment = environment;
    this.named = named;
  }

  /// What these arguments ask for. Sets the system property `dormouse.log`, so it comes before the first logger.
  public Request read(String... arguments) {
    Arguments typed = new Arguments();
    Arguments.Check check = new Arguments.Check();
    Arguments.Reload reload = new Arguments.Reload();
    CommandLine line =
        new CommandLine(typed)
            .addSubcommand(check)
            .addSubcommand(reload)
            .addSubcommand(new Arguments.Train());
    line.getCommandSpec().version("dormouse " + version());
    try {
      ParseResult result = line.parseArgs(arguments);
      if (helped(result)) {
        return new Request.Exit(0);
      }
      if (result.hasSubcommand()) {
        String name = result.subcommand().commandSpec().name();
        if (!result.matchedOptions().isEmpty()) {
          return wrong("`" + name + "` takes no options");
        }
        return switch (name) {
          case "check" -> check(check.file);
          case "reload" -> reload(reload.file);
          default -> new Request.Train();
        };
      }
      return request(typed);
    } catch (ParameterException e) {
      return wrong(String.valueOf(e.getMessage()));
    }
  }

  private boolean helped(ParseResult result) {
    for (CommandLine line : result.asCommandLineList()) {
      if (line.isUsageHelpRequested()) {
        line.usage(out);
        return true;
      }
      if (line.isVersionHelpRequested()) {
        line.printVersionHelp(out);
        return true;
      }
    }
    return false;
  }

  /// The version of this build.
  public static String version() {
    String version = Cli.class.getPackage().getImplementationVersion();
    return version == null ? "(not packaged)" : version;
  }

  private Request request(Arguments typed) {
    String bad = badCombination(typed);
    if (bad != null) {
      return wrong(bad);
    }
    if (typed.log != null) {
      System.setProperty("dormouse.log", typed.log);
    }
    if (typed.config != null) {
      return serve(typed.config, typed.quiet);
    }
    if (typed.backend != null) {
      return serve(typed, typed.backend);
    }
    return new Request.ServeDemo(stateDir().resolve("demo"), typed.hibernateAfter, typed.quiet);
  }

  private static @Nullable String badCombination(Arguments typed) {
    String onlyWithBackend = firstThatNeedsBackend(typed);
    if (typed.config != null) {
      String other = typed.backend != null ? "--backend" : onlyWithBackend;
      other = other == null && typed.hibernateAfter != null ? "--hibernate-after" : other;
      return other == null ? null : other + " and --config exclude each other: set it in the file";
    }
    if (typed.backend == null) {
      return onlyWithBackend == null ? null : onlyWithBackend + " needs --backend HOST";
    }
    if ((typed.certificate == null) != (typed.key == null)) {
      return "--certificate and --key need each other";
    }
    return typed.backendInsecure && typed.backendTls == BackendTls.NONE
        ? "--backend-insecure means nothing with --backend-tls none: there is no certificate"
        : null;
  }

  private static @Nullable String firstThatNeedsBackend(Arguments typed) {
    if (typed.backendTls != null) {
      return "--backend-tls";
    }
    if (typed.backendTrusted) {
      return "--backend-trusted";
    }
    if (typed.backendInsecure) {
      return "--backend-insecure";
    }
    if (typed.imaps != null) {
      return "--imaps";
    }
    if (typed.imap != null) {
      return "--imap";
    }
    if (typed.certificate != null || typed.key != null) {
      return typed.certificate != null ? "--certificate" : "--key";
    }
    return typed.admin != null ? "--admin" : null;
  }

  private Request serve(Path file, boolean quiet) {
    return switch (SettingsFile.read(file, named)) {
      case SettingsRead.Bad bad -> refused(file, bad);
      case SettingsRead.Good(Settings settings, List<Fault> warnings) -> {
        warnings.forEach(warning -> err.println(file + ":" + warning));
        err.flush();
        yield new Request.Serve(settings, file, quiet);
      }
    };
  }

  private Request check(Path file) {
    return switch (SettingsFile.check(file, named)) {
      case SettingsRead.Bad bad -> refused(file, bad);
      case SettingsRead.Good good -> {
        out.print(good.told(file));
        out.println(file + ": good");
        out.flush();
        yield new Request.Exit(0);
      }
    };
  }

  private Request reload(@Nullable Path file) {
    if (file == null) {
      return new Request.Reload(Objects.requireNonNull(AdminSettings.DEFAULT.address()));
    }
    return switch (SettingsFile.read(file, named)) {
      case SettingsRead.Bad bad -> refused(file, bad);
      case SettingsRead.Good(Settings settings, _) -> {
        InetSocketAddress admin = settings.admin().address();
        yield admin == null
            ? wrong("admin.address is none in " + file + ": send the process a SIGHUP instead")
            : new Request.Reload(admin);
      }
    };
  }

  private Request refused(Path file, SettingsRead.Bad bad) {
    err.println(bad.told(file));
    err.flush();
    return new Request.Exit(BAD_SETTINGS);
  }

  private Request serve(Arguments typed, Units.HostPort backend) {
    Settings settings = settings(typed, backend);
    SettingsChecks checks = SettingsChecks.of(settings);
    checks.warnings().forEach(warning -> err.println("dormouse: " + warning));
    checks.faults().forEach(fault -> err.println("dormouse: " + fault));
    err.flush();
    return checks.faults().isEmpty()
        ? new Request.Serve(settings, null, typed.quiet)
        : new Request.Exit(BAD_COMMAND_LINE);
  }

  private Settings settings(Arguments typed, Units.HostPort address) {
    BackendSettings backend =
        BackendSettings.to(address.host(), address.port(), backendTls(typed, address))
            .withVerify(!typed.backendInsecure)
            .withTrusted(typed.backendTrusted);
    List<CertificateSettings> certificates =
        typed.certificate == null || typed.key == null
            ? List.of()
            : List.of(new CertificateSettings(typed.certificate, typed.key));
    HibernateSettings hibernate = HibernateSettings.DEFAULT;
    return Settings.of(listeners(typed), Map.of(address.host(), backend))
        .withTls(new TlsSettings(certificates))
        .withHibernate(
            typed.hibernateAfter == null ? hibernate : hibernate.withAfter(typed.hibernateAfter))
        .withAdmin(typed.admin == null ? AdminSettings.DEFAULT : new AdminSettings(typed.admin))
        .withRuntime(
            new RuntimeSettings(
                RuntimeSettings.DEFAULT.loops(),
                stateDir(),
                RuntimeSettings.DEFAULT.drain(),
                RuntimeSettings.DEFAULT.park()));
  }

  private static BackendTls backendTls(Arguments typed, Units.HostPort address) {
    if (typed.backendTls != null) {
      return typed.backendTls;
    }
    return address.port() == BackendTls.TLS.usualPort() ? BackendTls.TLS : BackendTls.STARTTLS;
  }

  private static List<ListenSettings> listeners(Arguments typed) {
    boolean usual = typed.imaps == null && typed.imap == null;
    List<ListenSettings> listeners = new ArrayList<>();
    InetSocketAddress imaps = usual ? USUAL_IMAPS : typed.imaps;
    if (imaps != null) {
      listeners.add(new ListenSettings(Protocol.IMAP, imaps, ListenTls.IMPLICIT));
    }
    InetSocketAddress imap = usual ? USUAL_IMAP : typed.imap;
    if (imap != null) {
      listeners.add(new ListenSettings(Protocol.IMAP, imap, ListenTls.STARTTLS));
    }
    return listeners;
  }

  /// Where things are kept that outlive a restart: what systemd gives, else the user's own place for such (XDG).
  private Path stateDir() {
    String systemd = environment.get("STATE_DIRECTORY");
    if (systemd != null) {
      return Path.of(systemd);
    }
    String xdg = environment.get("XDG_STATE_HOME");
    if (xdg != null && xdg.startsWith("/")) {
      return Path.of(xdg, "dormouse");
    }
    String home = environment.getOrDefault("HOME", System.getProperty("user.home"));
    return Path.of(home, ".local", "state", "dormouse");
  }

  private Request wrong(String text) {
    err.println("dormouse: " + text);
    err.println("Try: dormouse --help");
    err.flush();
    return new Request.Exit(BAD_COMMAND_LINE);
  }

  private static InetSocketAddress loopback(int port) {
    return new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port);
  }
}
