package dormouse.testkit;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// A private Courier IMAP 5 with Maildirs, and gamin, so that IDLE tells changes at once. Any thread.
///
/// Debian's package, unpacked by `testkit/unpack-servers`. It cannot be told where its files are, and so runs in a chroot
/// of its own: only root can start it. All mailboxes lie below `INBOX.`.
///
/// What Courier 5.0 does not do as RFC 9051 says:
/// - After EXAMINE, STORE changes flags, and APPEND to the same mailbox is refused.
/// - Who says STORE .SILENT or COPY is not told what others have changed in the same messages since it was last told of changes.
/// - The body of a message that another has expunged is one of Courier's own, which says that the message is gone.
/// - Once no message has a keyword any more, FLAGS does not name it any more.
/// - Now and then IDLE tells a change at its end only: once in some hundred times where that comes just as IDLE begins, else once in
///   some thousand.
/// - Wrong passwords take it five seconds.
public final class CourierServer implements MailServer {
  private static final int MAIL = 8; // the user whose the mail files are; no other reads them

  private final UnpackedServer processes;
  private final Path tree;
  private final LoginSocket logins;
  private final int imapPort = FreePort.next();

  private CourierServer(UnpackedServer processes) {
    this.processes = processes;
    this.tree = processes.home().resolve("tree");
    prepare();
    this.logins = LoginSocket.at(tree.resolve("run/courier/authdaemon/socket"));
    logins.serve(this::answer);
  }

  /// Starts one and returns when it listens.
  public static CourierServer start() {
    if (!UnpackedServer.ROOT) {
      throw new IllegalStateException("Courier runs in a chroot here, which only root can make");
    }
    var server = new CourierServer(UnpackedServer.named("courier"));
    server.restart();
    return server;
  }

  private void prepare() {
    run("cp", "-a", UnpackedServer.tree("courier").toString(), tree.toString());
    run("mkdir", "-p", tree.resolve("dev").toString(), tree.resolve("home").toString());
    run("cp", "-a", "/dev/null", "/dev/urandom", tree.resolve("dev").toString());
    run("chmod", "1777", tree.resolve("tmp").toString());
    // gamin listens at an abstract socket named after its user: no other server's shall be found
    String user = "courier" + imapPort;
    try {
      Files.writeString(
          tree.resolve("etc/passwd"),
          "root:x:0:0::/:/\n%1$s:x:%2$d:%2$d::/:/\n".formatted(user, MAIL));
      Files.writeString(tree.resolve("etc/group"), user + ":x:" + MAIL + ":\n");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void run(String... command) {
    try {
      var process = new ProcessBuilder(command).redirectErrorStream(true).start();
      String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (process.waitFor() != 0) {
        throw new IllegalStateException(String.join(" ", command) + ": " + said);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /// The protocol of authdaemond: `AUTH`, a length, and so many bytes: service, `login`, user and password, a line each.
  private void answer(InputStream question, OutputStream answer) throws IOException {
    var in = new BufferedReader(new InputStreamReader(question, StandardCharsets.ISO_8859_1));
    String line = in.readLine();
    while (line != null && !line.startsWith("AUTH ")) {
      line = in.readLine(); // where the client comes from
    }
    if (line == null) {
      return;
    }
    var lines = new ArrayList<String>();
    for (int i = 0; i < 4; i++) {
      lines.add(String.valueOf(in.readLine()));
    }
    String user = lines.get(2);
    String said = "FAIL\n";
    if (logins.accepts(user, lines.get(3))) {
      makeMaildir(user);
      said =
          "UID=%1$d\nGID=%1$d\nHOME=/home/%2$s\nADDRESS=%2$s\nMAILDIR=/home/%2$s/Maildir\n.\n"
              .formatted(MAIL, user);
    }
    answer.write(said.getBytes(StandardCharsets.ISO_8859_1));
  }

  private synchronized void makeMaildir(String user) throws IOException {
    Path home = tree.resolve("home").resolve(user);
    if (Files.exists(home)) {
      return;
    }
    for (String folder : List.of("", "Maildir", "Maildir/cur", "Maildir/new", "Maildir/tmp")) {
      Path made = Files.createDirectory(home.resolve(folder));
      Files.setAttribute(made, "unix:uid", MAIL);
      Files.setAttribute(made, "unix:gid", MAIL);
    }
  }

  @Override
  public synchronized void restart() {
    stop();
    processes.start(
        List.of(
            "/usr/sbin/chroot",
            tree.toString(),
            "/usr/sbin/couriertcpd",
            "-address=127.0.0.1",
            "-maxprocs=2000",
            "-maxperip=2000",
            "-nodnslookup",
            "-noidentlookup",
            Integer.toString(imapPort),
            "/usr/lib/courier/courier/imaplogin",
            "/usr/bin/imapd",
            "Maildir"),
        environment());
    UnpackedServer.awaitListening(imapPort);
  }

  private static Map<String, String> environment() {
    var all = new TreeMap<String, String>();
    all.put("PATH", "/usr/sbin:/usr/bin:/bin");
    all.put(
        "LD_LIBRARY_PATH",
        "/usr/lib:/usr/lib/x86_64-linux-gnu:/lib/x86_64-linux-gnu"
            + ":/usr/lib/aarch64-linux-gnu:/lib/aarch64-linux-gnu");
    all.put(
        "IMAP_CAPABILITY",
        "IMAP4rev1 UIDPLUS CHILDREN NAMESPACE THREAD=ORDEREDSUBJECT THREAD=REFERENCES SORT QUOTA"
            + " IDLE");
    all.put("IMAP_KEYWORDS", "1");
    all.put("IMAP_IDLE_TIMEOUT", "1");
    all.put("IMAP_ENHANCEDIDLE", "1");
    all.put("IMAP_USELOCKS", "0"); // with locks each change takes a second
    all.put("IMAP_CHECK_ALL_FOLDERS", "0");
    all.put("IMAP_OBSOLETE_CLIENT", "0");
    all.put("IMAP_MAILBOX_SANITY_CHECK", "0");
    all.put("IMAP_TRASHFOLDERNAME", "Trash");
    all.put("IMAP_EMPTYTRASH", "");
    all.put("IMAP_MOVE_EXPUNGE_TO_TRASH", "0");
    all.put("IMAP_UMASK", "022");
    return all;
  }

  @Override
  public synchronized void stop() {
    processes.stop(this::isOurs);
  }

  @Override
  public synchronized void kill() {
    processes.kill(this::isOurs);
  }

  /// Whether a process runs in this server's chroot: sessions outlive the process that listens, and gamin all of them.
  private boolean isOurs(ProcessHandle process) {
    try {
      return Files.readSymbolicLink(Path.of("/proc", Long.toString(process.pid()), "root"))
          .equals(tree);
    } catch (IOException _) {
      return false; // gone
    }
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
    return ServerTraits.COURIER;
  }

  @Override
  public List<ModelMode> modes() {
    return List.of(ModelMode.PLAIN);
  }

  @Override
  public void close() {
    stop();
    logins.close();
    processes.delete();
  }
}
