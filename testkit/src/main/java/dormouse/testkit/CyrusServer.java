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
import java.util.List;
import java.util.Map;

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

  private CyrusServer(UnpackedServer processes) {
    this.processes = processes;
    this.logins = LoginSocket.at(processes.home().resolve("auth"));
    logins.serve(this::answer);
  }

  /// Starts one and returns when it listens.
  public static CyrusServer start() {
    var server = new CyrusServer(UnpackedServer.named("cyrus"));
    server.prepare();
    server.restart();
    return server;
  }

  private void prepare() {
    Path home = processes.home();
    String owner = DovecotConfig.mailUser();
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
          """
              .formatted(home, owner));
      Files.writeString(
          home.resolve("cyrus.conf"),
          """
          START {
            recover cmd="%1$s/ctl_cyrusdb -C %2$s -r"
          }
          SERVICES {
            imap cmd="%1$s/imapd -C %2$s -U 50" listen="127.0.0.1:%3$d" prefork=1
          }
          DAEMON {
            idled cmd="%1$s/idled -C %2$s"
          }
          """
              .formatted(programs(), home.resolve("imapd.conf"), imapPort));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
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
        Map.of("LD_LIBRARY_PATH", libraries()));
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
