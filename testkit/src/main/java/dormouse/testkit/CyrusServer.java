package dormouse.testkit;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A private Cyrus IMAP 3.6 in a directory of its own, with idled, so that IDLE tells changes at once. Any thread.
///
/// Debian's package, unpacked by `testkit/unpack-servers`. It writes no log, as it knows syslog only.
///
/// What Cyrus 3.6 does not do as RFC 9051 says: who MOVEs messages within the selected mailbox at the moment another session
/// expunges there hears that they have gone, but never of the new ones, until something else comes in.
public final class CyrusServer implements MailServer {
  private final UnpackedServer processes;
  private final LoginSocket logins;
  private final Path tree = UnpackedServer.tree("cyrus");
  private final int imapPort = FreePort.next();
  private final @Nullable Path notifier;
  private final Map<String, String> environment = new HashMap<>();

  private CyrusServer(UnpackedServer processes, @Nullable Path notifier) {
    this.processes = processes;
    this.notifier = notifier;
    environment.put("LD_LIBRARY_PATH", libraries());
    this.logins = LoginSocket.at(processes.home().resolve("auth"));
    logins.serve(this::answer);
  }

  /// Starts one and returns when it listens.
  public static CyrusServer start() {
    return start(null, Map.of());
  }

  /// As [#start()], with notifyd, which hands each event on to a program.
  ///
  /// @param notifier the program; a copy of it is run, by Cyrus' user
  /// @param environment what it finds in its environment
  public static CyrusServer notifying(Path notifier, Map<String, String> environment) {
    return start(notifier, environment);
  }

  private static CyrusServer start(@Nullable Path notifier, Map<String, String> environment) {
    var server = new CyrusServer(UnpackedServer.named("cyrus"), notifier);
    server.environment.putAll(environment);
    server.prepare();
    server.restart();
    return server;
  }

  private void prepare() {
    Path home = processes.home();
    String owner = DovecotParts.mailUser();
    try {
      // without the folder of its socket idled tells nobody anything
      Files.createDirectories(home.resolve("conf/socket"));
      Files.createDirectory(home.resolve("spool"));
      var principal =
          home.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName(owner);
      for (String directory : List.of("conf", "conf/socket", "spool")) {
        Files.setOwner(home.resolve(directory), principal);
      }
      Files.writeString(
          home.resolve("imapd.conf"),
          """
          configdirectory: %1$s/conf
          partition-default: %1$s/spool
          defaultpartition: default
          servername: localhost
          cyrus_user: %2$s
          admins: admin
          unixhierarchysep: yes
          altnamespace: yes
          autocreate_quota: 0
          autocreate_post: yes
          allowplaintext: yes
          skiplist_unsafe: yes
          sasl_mech_list: PLAIN
          sasl_pwcheck_method: saslauthd
          sasl_saslauthd_path: %1$s/auth
          %3$s
          """
              .formatted(home, owner, notifier == null ? "" : events(notifier)));
      Files.writeString(
          home.resolve("cyrus.conf"),
          """
          START {
            recover cmd="%1$s/ctl_cyrusdb -C %2$s -r"
          }
          SERVICES {
            imap cmd="%1$s/imapd -C %2$s -U 50" listen="127.0.0.1:%3$d" prefork=1
            %4$s
          }
          DAEMON {
            idled cmd="%1$s/idled -C %2$s"
          }
          """
              .formatted(
                  programs(),
                  home.resolve("imapd.conf"),
                  imapPort,
                  notifier == null ? "" : notifyd()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// As `docs/feeds.md` has it.
  private String events(Path program) throws IOException {
    Path copy = processes.home().resolve("notifier");
    Files.copy(program, copy);
    Files.setPosixFilePermissions(copy, PosixFilePermissions.fromString("rwxr-xr-x"));
    return """
    event_notifier: external
    notify_external: %s
    event_groups: message flags mailbox subscription
    """
        .formatted(copy);
  }

  private String notifyd() {
    Path home = processes.home();
    return "notify cmd=\"%s/notifyd -C %s\" listen=\"%s/conf/socket/notify\" proto=\"udp\" prefork=1"
        .formatted(programs(), home.resolve("imapd.conf"), home);
  }

  private Path programs() {
    return tree.resolve("usr/lib/cyrus/bin");
  }

  /// The protocol of saslauthd: login, password, service and realm, each behind its length.
  private void answer(InputStream question, OutputStream answer) throws IOException {
    var in = new DataInputStream(question);
    String user = counted(in);
    String password = counted(in);
    counted(in);
    counted(in);
    byte[] said =
        (logins.accepts(user, password) ? "OK" : "NO").getBytes(StandardCharsets.US_ASCII);
    var out = new DataOutputStream(answer);
    out.writeShort(said.length);
    out.write(said);
  }

  private static String counted(DataInputStream in) throws IOException {
    return new String(in.readNBytes(in.readUnsignedShort()), StandardCharsets.UTF_8);
  }

  @Override
  public synchronized void restart() {
    stop();
    Path home = processes.home();
    processes.start(
        List.of(
            programs().resolve("master").toString(),
            "-D",
            "-C",
            home.resolve("imapd.conf").toString(),
            "-M",
            home.resolve("cyrus.conf").toString(),
            "-p",
            home.resolve("master.pid").toString()),
        environment);
    UnpackedServer.awaitListening(imapPort);
  }

  private String libraries() {
    String machine = System.getProperty("os.arch").equals("amd64") ? "x86_64" : "aarch64";
    String folder = machine + "-linux-gnu";
    return tree.resolve("usr/lib").resolve(folder) + ":" + tree.resolve("lib").resolve(folder);
  }

  @Override
  public synchronized void stop() {
    processes.stop(_ -> false);
  }

  @Override
  public synchronized void kill() {
    processes.kill(_ -> false);
  }

  @Override
  public int imapPort() {
    return imapPort;
  }

  /// Changes a user's password; "" locks the user out.
  public void setPassword(String user, String password) {
    logins.setPassword(user, password);
  }

  @Override
  public ServerTraits traits() {
    return ServerTraits.CYRUS;
  }

  @Override
  public List<ModelMode> modes() {
    return List.of(ModelMode.values());
  }

  @Override
  public void close() {
    stop();
    logins.close();
    processes.delete();
  }
}
