package dormouse.demo;

import dormouse.config.BackendSettings;
import dormouse.config.HibernateSettings;
import dormouse.config.ListenSettings;
import dormouse.config.ListenTls;
import dormouse.config.Protocol;
import dormouse.config.RuntimeSettings;
import dormouse.config.Settings;
import dormouse.route.Rendezvous;
import dormouse.testkit.EmbeddedBackend;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Two mail servers in this process with sample users, and the settings to put Dormouse in front of them.
///
/// Each user has a home on one of the two, the one that [Route] gives. Any thread.
public final class Demo implements AutoCloseable {
  /// Silence before a session hibernates, unless the caller wants another.
  public static final Duration HIBERNATE_AFTER = Duration.ofSeconds(5);

  /// The password of every user.
  static final String PASSWORD = "dormouse";

  static final List<String> USERS = List.of("ann", "bob", "cleo", "dan");
  private static final List<String> BACKENDS = List.of("hazel", "oak");
  private static final int IMAPS_PORT = 1993;
  private static final int IMAP_PORT = 1143;

  /// GreenMail tells nothing of flag changes to a session in IDLE, so the demo looks itself.
  private static final Duration POLL = Duration.ofSeconds(10);

  private final Map<String, EmbeddedBackend> backends = new LinkedHashMap<>();
  private final Path newMail;
  private final Settings settings;

  private Demo(Path stateDir, Duration hibernateAfter) throws IOException {
    var mail = new SampleMail(InstantSource.system().instant());
    for (String name : BACKENDS) {
      backends.put(name, EmbeddedBackend.start());
    }
    for (String user : USERS) {
      home(user).addUser(user, PASSWORD);
      mail.fill(home(user), user);
    }
    Files.createDirectories(stateDir);
    newMail = stateDir.resolve("new-mail.eml");
    Files.writeString(newMail, mail.whileYouSlept(USERS.getFirst()));
    settings = settings(stateDir, hibernateAfter);
  }

  /// Starts the two mail servers on free ports of 127.0.0.1.
  ///
  /// @param stateDir where the certificate is kept, and a mail to try things with; created if it is not there
  public static Demo start(Path stateDir, Duration hibernateAfter) throws IOException {
    return new Demo(stateDir, hibernateAfter);
  }

  private Settings settings(Path stateDir, Duration hibernateAfter) {
    var named = new LinkedHashMap<String, BackendSettings>();
    backends.forEach((name, backend) -> named.put(name, backendSettings(backend)));
    return Settings.of(
            List.of(
                new ListenSettings(Protocol.IMAP, loopback(IMAPS_PORT), ListenTls.IMPLICIT),
                new ListenSettings(Protocol.IMAP, loopback(IMAP_PORT), ListenTls.STARTTLS)),
            named)
        .withHibernate(HibernateSettings.DEFAULT.withAfter(hibernateAfter).withPoll(POLL))
        .withRuntime(
            new RuntimeSettings(
                0, stateDir, RuntimeSettings.DEFAULT.drain(), RuntimeSettings.DEFAULT.park()));
  }

  private static BackendSettings backendSettings(EmbeddedBackend backend) {
    return BackendSettings.inClear("127.0.0.1", backend.port(), /* trusted= */ false);
  }

  private static InetSocketAddress loopback(int port) {
    return new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port);
  }

  /// Dormouse in front of the two.
  public Settings settings() {
    return settings;
  }

  /// The mail server of a user.
  EmbeddedBackend home(String user) {
    String name = Rendezvous.home(BACKENDS, user);
    var backend = backends.get(name);
    if (backend == null) {
      throw new IllegalStateException(name);
    }
    return backend;
  }

  /// What to try, as a text for a terminal.
  public String introduction() {
    String user = USERS.getFirst();
    return """
    Dormouse stands before two mail servers of its own, with mail for %1$s (password: %2$s).

      IMAP with TLS       127.0.0.1:%3$d     a self-signed certificate: tell your client to trust it
      IMAP with STARTTLS  127.0.0.1:%4$d
      metrics             http://127.0.0.1:8080/metrics

    Watch a session fall asleep:

      openssl s_client -quiet -crlf -connect 127.0.0.1:%3$d

        a login %5$s %2$s
        b select INBOX
        c idle

    %6$d seconds later the line at the bottom says `asleep 1`: the session has given up its
    connection to the mail server. Only a watcher is left there, one for all sleepers of %5$s.
    Now put a mail into the mailbox behind Dormouse's back, straight into the mail server:

      curl --user %5$s:%2$s --upload-file %7$s imap://127.0.0.1:%8$d/INBOX

    The sleeper hears `* 4 EXISTS` and sleeps on. It wakes when it speaks:

        done
        d fetch 4 (flags body.peek[text])
        e logout

    Or read mail as you always do:

      curl -k --user %5$s:%2$s 'imaps://127.0.0.1:%3$d/INBOX;MAILINDEX=1'
      mutt -e 'set imap_user=%5$s imap_pass=%2$s imap_idle' -f imaps://127.0.0.1:%3$d/INBOX
      Thunderbird: server 127.0.0.1, port %3$d, SSL/TLS, normal password, user name %5$s

    """
        .formatted(
            String.join(", ", USERS),
            PASSWORD,
            IMAPS_PORT,
            IMAP_PORT,
            user,
            Math.max(1, settings.hibernate().after().toSeconds()),
            newMail,
            home(user).port());
  }

  @Override
  public void close() {
    backends.values().forEach(EmbeddedBackend::close);
  }
}
