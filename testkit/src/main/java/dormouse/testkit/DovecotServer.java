package dormouse.testkit;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// A private Dovecot in a directory of its own, on free ports of 127.0.0.1.
///
/// Users `u0` to `u2999` have the password `pass`; others come by [#addUser]. All that it stores
/// lives until [#close]. Needs Debian's `dovecot-imapd` and `dovecot-lmtpd` 2.3. Any thread.
public final class DovecotServer implements MailServer {
  /// The password of every user that nobody changed.
  public static final String PASSWORD = "pass";

  /// Who may log in for every other user, as `MASTER` with an authorization identity or as `user*MASTER`.
  public static final String MASTER = "dormouse";

  /// The password of [#MASTER].
  public static final String MASTER_PASSWORD = "master-secret";

  private static final String PROGRAM = "/usr/sbin/dovecot";
  private static final String DOVEADM = "/usr/bin/doveadm";
  private static final int USERS = 3000;
  private static final String VERSION_USER = "users-version";
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final DovecotConfig config;
  private final ServerLog log = new ServerLog();
  private final Map<String, String> users = new TreeMap<>();
  private int usersVersion;
  private @Nullable Process master;

  private DovecotServer(DovecotConfig config) {
    this.config = config;
    for (int i = 0; i < USERS; i++) {
      users.put("u" + i, "{PLAIN}" + PASSWORD);
    }
  }

  /// Whether this machine has Dovecot.
  public static boolean installed() {
    return Files.isExecutable(Path.of(PROGRAM));
  }

  /// Starts one with sdbox storage that offers all it can.
  public static DovecotServer start() {
    return start(DovecotOptions.DEFAULT);
  }

  /// Starts one and returns when it listens.
  public static DovecotServer start(DovecotOptions options) {
    return start(options, null);
  }

  /// Starts another one with the same mail, which must be closed before this one.
  public DovecotServer startBeside() {
    return start(config.options(), config.mail());
  }

  /// @param shared the mail of another one; null for its own
  private static DovecotServer start(DovecotOptions options, @Nullable Path shared) {
    try {
      Path home = Files.createTempDirectory("dovecot");
      Files.setPosixFilePermissions(home, PosixFilePermissions.fromString("rwxr-xr-x"));
      var config =
          new DovecotConfig(
              home,
              shared == null ? home.resolve("mail") : shared,
              options,
              FreePort.next(),
              FreePort.next(),
              FreePort.next(),
              FreePort.next(),
              SelfSigned.in(home));
      var server = new DovecotServer(config);
      server.prepare();
      server.restart();
      return server;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void prepare() throws IOException {
    Files.createDirectories(config.mail());
    var owner =
        config
            .home()
            .getFileSystem()
            .getUserPrincipalLookupService()
            .lookupPrincipalByName(DovecotParts.mailUser());
    Files.setOwner(config.mail(), owner);
    Files.writeString(configFile(), config.text());
    Files.writeString(config.oauth2(), config.oauth2Text());
    Files.writeString(config.masters(), MASTER + ":" + MASTER_PASSWORD + "\n");
    writeUsers();
  }

  /// Believes tokens that are signed by this key, if it takes any.
  ///
  /// @param algorithm as tokens have it: RS256 …
  /// @param id the key's name, `kid`
  /// @param key as X.509 has it
  public void tokenKey(String algorithm, String id, byte[] key) {
    try {
      Path file = config.tokenKey(algorithm, id);
      Files.createDirectories(file.getParent());
      String body = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(key);
      Files.writeString(
          file, "-----BEGIN PUBLIC KEY-----\n" + body + "\n-----END PUBLIC KEY-----\n");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Path configFile() {
    return config.home().resolve("dovecot.conf");
  }

  /// Starts it again on the same ports with the same mail; stops it first if it runs.
  @Override
  public synchronized void restart() {
    stop();
    int from = log.size();
    try {
      removeOldSockets();
      var builder = new ProcessBuilder(PROGRAM, "-F", "-c", configFile().toString());
      builder.redirectOutput(ProcessBuilder.Redirect.DISCARD);
      var started = builder.start();
      started.getOutputStream().close();
      master = started;
      log.follow(started.getErrorStream());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    try {
      log.await(from, line -> line.contains("starting up for"), PATIENCE);
    } catch (AssertionError e) {
      kill();
      throw e;
    }
  }

  /// A killed Dovecot leaves its sockets behind, and a new one takes them for those of a running one.
  private void removeOldSockets() throws IOException {
    Path run = configFile().resolveSibling("run");
    if (!Files.isDirectory(run)) {
      return;
    }
    try (Stream<Path> files = Files.walk(run)) {
      for (Path file : files.filter(one -> !Files.isDirectory(one, NOFOLLOW_LINKS)).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }

  /// Shuts it down: clients hear `* BYE Server shutting down.` and the close. Returns when all its
  /// processes are gone.
  @Override
  public synchronized void stop() {
    var running = master;
    if (running == null) {
      return;
    }
    List<ProcessHandle> children = running.descendants().toList();
    running.destroy();
    await(running);
    // An imap process that has said BYE may look for its stats process for ten seconds more.
    children.forEach(ProcessHandle::destroyForcibly);
    awaitEnd();
  }

  /// Kills all its processes at once: clients see their connections end without a word.
  @Override
  public synchronized void kill() {
    var running = master;
    if (running == null) {
      return;
    }
    signal("STOP", Stream.of(running.toHandle())); // so that it has no more children than these
    List<ProcessHandle> children = running.descendants().toList();
    children.forEach(ProcessHandle::destroyForcibly);
    running.destroyForcibly();
    await(running);
    awaitEnd();
  }

  private void awaitEnd() {
    if (!log.awaitEnd(PATIENCE)) {
      throw new IllegalStateException("Dovecot's processes do not end");
    }
    master = null;
  }

  /// Stops all its processes where they are: it neither answers nor refuses.
  public void freeze() {
    signal("STOP");
  }

  /// Lets frozen processes go on.
  public void thaw() {
    signal("CONT");
  }

  private synchronized void signal(String name) {
    var running = master;
    if (running == null) {
      throw new IllegalStateException("Dovecot does not run");
    }
    signal(name, Stream.concat(Stream.of(running.toHandle()), running.descendants()));
  }

  private static void signal(String name, Stream<ProcessHandle> processes) {
    Stream<String> pids = processes.map(process -> Long.toString(process.pid()));
    run(false, Stream.concat(Stream.of("kill", "-" + name), pids).toArray(String[]::new));
  }

  private static void await(Process process) {
    try {
      if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
        throw new IllegalStateException("Dovecot does not end");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /// IMAP in the clear, STARTTLS offered.
  @Override
  public int imapPort() {
    return config.imapPort();
  }

  @Override
  public ServerTraits traits() {
    return ServerTraits.DOVECOT;
  }

  @Override
  public List<ModelMode> modes() {
    return switch (config.options().offers()) {
      case PLAIN -> List.of(ModelMode.PLAIN);
      case CONDSTORE -> List.of(ModelMode.PLAIN, ModelMode.CONDSTORE);
      case QRESYNC -> List.of(ModelMode.values());
    };
  }

  /// IMAP in TLS.
  public int imapsPort() {
    return config.imapsPort();
  }

  /// IMAP in the clear, behind a PROXY header.
  public int haproxyPort() {
    return config.haproxyPort();
  }

  /// The certificate, PEM, for localhost and 127.0.0.1; signs itself.
  public Path certificate() {
    return config.tls().certificate();
  }

  /// The key to the certificate, PEM.
  public Path key() {
    return config.tls().key();
  }

  /// The mail files of a user.
  public Path mailOf(String user) {
    return config.mail().resolve(user);
  }

  /// Puts a message into the INBOX of a user of [DovecotOptions.Storage#MAILDIR] who has one, also while Dovecot is down.
  public void dropIntoMaildir(String user, String message) {
    try {
      Path fresh = mailOf(user).resolve("mail").resolve("new");
      Files.writeString(Files.createTempFile(fresh, "1.", ".dropped"), message);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// A client of [#imapPort], logged in.
  @Override
  public ImapClient client(String user) {
    return ImapClient.connect(Endpoint.plain(imapPort())).login(user, PASSWORD);
  }

  /// Adds a user, or changes the password of one. As the other changes of users, it holds from the next
  /// login on.
  public void addUser(String user, String password) {
    setUser(user, "{PLAIN}" + password);
  }

  /// From now on [#MASTER] has this password, which is not as long as the one before.
  public void changeMasterPassword(String password) {
    try {
      Files.writeString(config.masters(), MASTER + ":" + password + "\n");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Wait.until(
        "Dovecot knows its master user anew",
        PATIENCE,
        () -> knows(VERSION_USER + "*" + MASTER, password));
  }

  /// From now on this user's logins are answered `NO [CONTACTADMIN] Login disabled for this user`.
  public void lock(String user) {
    setUser(user, "{PLAIN}" + PASSWORD + "::::::nologin=y");
  }

  /// From now on this user's clients are passed on to another server, in the clear, with their password.
  public void passOn(String user, int port) {
    setUser(user, "{PLAIN}" + PASSWORD + "::::::proxy=y host=127.0.0.1 port=" + port);
  }

  /// From now on this user's logins are answered `NO [REFERRAL imap://…/] Try this server instead.`
  public void refer(String user, String host, int port) {
    setUser(user, "{PLAIN}" + PASSWORD + "::::::nologin=y host=" + host + " port=" + port);
  }

  /// Removes a user: `NO [AUTHENTICATIONFAILED]`.
  public synchronized void removeUser(String user) {
    users.remove(user);
    writeUsers();
    awaitUsers();
  }

  private synchronized void setUser(String user, String entry) {
    users.put(user, entry);
    writeUsers();
    awaitUsers();
  }

  /// Dovecot looks at the file once a second at most: it has read this one when it knows its newest user.
  private void awaitUsers() {
    if (master != null) {
      Wait.until(
          "Dovecot knows its users anew",
          PATIENCE,
          () -> knows(VERSION_USER, Integer.toString(usersVersion)));
    }
  }

  private boolean knows(String user, String password) {
    return run(false, DOVEADM, "-c", configFile().toString(), "auth", "test", user, password)
        .contains("auth succeeded");
  }

  /// Dovecot reads the file again when its time (in seconds) or size changes; the padding makes sure.
  private void writeUsers() {
    var text = new StringBuilder("#".repeat(++usersVersion)).append('\n');
    text.append(VERSION_USER).append(":{PLAIN}").append(usersVersion).append('\n');
    users.forEach((user, entry) -> text.append(user).append(':').append(entry).append('\n'));
    try {
      Path next = config.home().resolve("users.next");
      Files.writeString(next, text);
      Files.move(
          next,
          config.users(),
          StandardCopyOption.ATOMIC_MOVE,
          StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Delivers a message to INBOX by LMTP (RFC 2033); returns when Dovecot has taken it.
  public void deliver(String user, String message) {
    LmtpClient.deliver(config.lmtpPort(), user, message);
  }

  /// How many IMAP connections of this user are logged in now.
  public long imapConnections(String user) {
    return connections().getOrDefault(user, 0L);
  }

  /// Waits until this user has exactly so many IMAP connections.
  public void awaitImapConnections(String user, long count, Duration within) {
    Wait.until(
        user + " has " + count + " connections", within, () -> imapConnections(user) == count);
  }

  /// IMAP connections by user, users without any left out. Asks Dovecot's anvil as `doveadm who` does.
  public Map<String, Long> connections() {
    var found = new TreeMap<String, Long>();
    for (String line : anvil("CONNECT-DUMP")) {
      String[] fields = line.split("\t", -1); // imap/127.0.0.1/user, pid, count
      String[] ident = fields[0].split("/", 3);
      if (fields.length == 3 && ident.length == 3 && ident[0].equals("imap")) {
        found.merge(ident[2], Long.parseLong(fields[2]), Long::sum);
      }
    }
    return found;
  }

  private List<String> anvil(String command) {
    try (var socket = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      socket.connect(UnixDomainSocketAddress.of(config.run().resolve("anvil")));
      String request = "VERSION\tanvil\t1\t0\n" + command + "\n";
      var bytes = ByteBuffer.wrap(request.getBytes(StandardCharsets.UTF_8));
      while (bytes.hasRemaining()) {
        socket.write(bytes);
      }
      var reader = new BufferedReader(Channels.newReader(socket, StandardCharsets.UTF_8));
      var lines = new ArrayList<String>();
      for (String line = reader.readLine();
          line != null && !line.isEmpty();
          line = reader.readLine()) {
        lines.add(line);
      }
      return lines;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Runs `doveadm` on this server: what it printed. Fails if it fails.
  public String doveadm(String... arguments) {
    return run(
        true,
        Stream.concat(Stream.of(DOVEADM, "-c", configFile().toString()), Stream.of(arguments))
            .toArray(String[]::new));
  }

  private static String run(boolean mustSucceed, String... command) {
    try {
      var process = new ProcessBuilder(command).redirectErrorStream(true).start();
      process.getOutputStream().close();
      String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (process.waitFor() != 0 && mustSucceed) {
        throw new AssertionError(String.join(" ", command) + " failed: " + said);
      }
      return said;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /// How many IMAP commands of a name have ended, by its statistics, which come a moment later. Only with
  /// [DovecotOptions#withEventsTo].
  public long commands(String name) {
    return doveadm("-f", "tab", "stats", "dump")
        .lines()
        .map(line -> line.split("\t"))
        .filter(row -> row[0].equals("commands_" + name) && row[1].equals("duration"))
        .mapToLong(row -> Long.parseLong(row[2]))
        .sum();
  }

  /// All log lines since [#start]. A login reads `… Login: user=<u1>, rip=203.0.113.8, rport=40001, …
  /// session=<abc>`.
  public List<String> log() {
    return log.lines();
  }

  /// Those at or after this mark.
  public List<String> log(int from) {
    return log.lines(from);
  }

  /// Number of log lines so far: a mark for [#awaitLog] and [#log(int)].
  public int logSize() {
    return log.size();
  }

  /// The first matching log line at or after this mark, waited for.
  public String awaitLog(int from, Predicate<String> wanted, Duration within) {
    return log.await(from, wanted, within);
  }

  /// Kills it, for it takes more than a second to stop, and deletes all it stored.
  @Override
  public synchronized void close() {
    if (!Files.exists(config.home())) {
      return;
    }
    kill();
    try (var files = Files.walk(config.home())) {
      files
          .sorted(Comparator.reverseOrder())
          .forEach(file -> {
            try {
              Files.delete(file);
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          });
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
