package dormouse.demo;

import dormouse.testkit.AuthDaemon;
import dormouse.testkit.EmbeddedBackend;
import dormouse.testkit.Endpoint;
import dormouse.testkit.ImapClient;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntConsumer;
import java.util.stream.Collectors;

/// What clients do all day, to a Dormouse in another process and often enough that its JVM knows what is worth compiling: they log in, by an
/// auth daemon or by the backend, over TLS, new and resumed, by STARTTLS and in the clear, read, poll, idle, sleep, hear of mail, wake and
/// leave; and somebody looks at its metrics. Blocks.
///
/// With `-Ddormouse.rehearsal=1` it is a hundredth as long: for who wants an end of it rather than what comes of it.
final class Rehearsal implements AutoCloseable {
  private static final String PASSWORD = "dormouse";
  private static final List<String> FOLDERS = List.of("One", "Two", "Three", "Four", "Five");
  private static final int PERCENT = Integer.getInteger("dormouse.rehearsal", 100);
  private static final int USERS = 20;
  private static final int AT_ONCE = 4;
  private static final int VISITS = some(600);
  private static final int SLEEPERS = some(40);
  private static final int NAPS = some(25); // of each
  private static final int POLLS = some(300);
  private static final int LOOKS = some(20);
  private static final int LARGE_FETCHES = some(16);
  private static final int LARGE_LINES = 20_000;

  private final EmbeddedBackend backend = EmbeddedBackend.start();
  private final AuthDaemon daemon = AuthDaemon.start(this::answer);
  private final HttpClient http = HttpClient.newHttpClient();
  private final Ports ports;

  /// Where that Dormouse takes clients, a Dovecot's events, and questions for its metrics.
  record Ports(int tls, int startTls, int plain, int events, int admin) {}

  Rehearsal(Ports ports) {
    this.ports = ports;
    for (int number = 0; number < USERS; number++) {
      String user = user(number);
      backend.addUser(user, PASSWORD);
      FOLDERS.forEach(folder -> backend.createMailbox(user, folder));
      for (int i = 0; i < 3; i++) {
        backend.append(user, "INBOX", message(20));
      }
    }
    backend.append(user(0), FOLDERS.getFirst(), message(LARGE_LINES));
  }

  private static int some(int ofAll) {
    return Math.ceilDiv(ofAll * PERCENT, 100);
  }

  /// Where the mail server is.
  int backendPort() {
    return backend.port();
  }

  /// Where a daemon is that knows every other user, and whom the backend must be asked about when it knows nobody.
  int daemonPort() {
    return daemon.port();
  }

  private AuthDaemon.Answer answer(AuthDaemon.Request request) {
    String user = request.header("Auth-User");
    return user != null && user.matches(".*[02468]")
        ? AuthDaemon.Answer.of(
            "Auth-Status: OK", "Auth-Server: 127.0.0.1", "Auth-Port: " + backend.port())
        : AuthDaemon.Answer.raw("HTTP/1.0 503 Service Unavailable\r\n\r\n");
  }

  /// Plays all of it once.
  ///
  /// @throws AssertionError if an answer was wrong, or none came
  void run() throws IOException, InterruptedException {
    tell(user(0));
    atOnce(VISITS, this::visit);
    List<ImapClient> sleepers = new ArrayList<>();
    for (int i = 0; i < SLEEPERS; i++) {
      ImapClient client =
          client(i, i % 4 == 3 ? Endpoint.plain(ports.plain) : Endpoint.tls(ports.tls));
      client.ok("SELECT INBOX");
      client.startIdle();
      sleepers.add(client);
    }
    for (int i = 0; i < NAPS; i++) {
      int turn = i;
      atOnce(SLEEPERS, number -> nap(sleepers.get(number), turn + number));
      backend.append(user(i % USERS), "INBOX", message(5));
      tell(user(i % USERS));
    }
    atOnce(AT_ONCE, this::poll);
    atOnce(AT_ONCE, this::readMuch);
    for (int i = 0; i < LOOKS; i++) {
      look();
    }
    for (ImapClient each : sleepers) {
      each.done();
      each.logout();
    }
  }

  private void visit(int number) {
    ImapClient client =
        switch (number % 4) {
          case 0 -> client(number, Endpoint.plain(ports.plain));
          case 1 -> client(number, Endpoint.startTls(ports.startTls));
          case 2 -> client(number, Endpoint.tls(ports.tls)); // comes back with a ticket
          default ->
              ImapClient.connect(Endpoint.tls(ports.tls), "127.0.0.1", "client-" + number) // is new
                  .login(user(number), PASSWORD);
        };
    client.ok("LIST \"\" \"*\"");
    client.ok("STATUS One (MESSAGES UIDNEXT UIDVALIDITY UNSEEN)");
    client.ok("SELECT INBOX");
    client.ok("UID FETCH 1:* (UID FLAGS)");
    client.ok("UID FETCH 1 BODY.PEEK[]");
    client.ok("NOOP");
    client.logout();
  }

  private static void nap(ImapClient client, int turn) {
    client.done();
    switch (turn % 6) {
      case 0 -> client.ok("UID FETCH 2 BODY.PEEK[]");
      case 1 -> client.ok("STATUS Two (MESSAGES UNSEEN)");
      case 2, 3 -> client.ok("NOOP");
      default -> {} // idles again
    }
    client.startIdle();
  }

  private void poll(int number) {
    ImapClient client = client(number, Endpoint.tls(ports.tls));
    String all =
        FOLDERS.stream()
            .map(folder -> "p STATUS " + folder + " (MESSAGES UIDNEXT UIDVALIDITY UNSEEN)\r\n")
            .collect(Collectors.joining());
    for (int i = 0; i < POLLS; i++) {
      client.ok("STATUS " + FOLDERS.get(i % FOLDERS.size()) + " (MESSAGES UNSEEN)");
      client.send(all);
      FOLDERS.forEach(_ -> client.readUntilTagged("p"));
    }
    client.logout();
  }

  private void readMuch(int number) {
    ImapClient client =
        client(0, number % 2 == 0 ? Endpoint.tls(ports.tls) : Endpoint.plain(ports.plain));
    client.ok("EXAMINE " + FOLDERS.getFirst());
    for (int i = 0; i < LARGE_FETCHES; i++) {
      client.ok("UID FETCH 1 BODY.PEEK[]");
    }
    client.logout();
  }

  /// Says that a mailbox has changed, as Dovecot would.
  private void tell(String user) throws IOException, InterruptedException {
    String event =
        """
        {"event":"push_notification_finished","hostname":"mail","fields":{"user":"%s","session":"1","cmd_name":"APPEND","mailbox":"INBOX"}}\
        """
            .formatted(user);
    http.send(
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + ports.events))
            .POST(HttpRequest.BodyPublishers.ofString(event))
            .build(),
        HttpResponse.BodyHandlers.discarding());
  }

  private void look() throws IOException, InterruptedException {
    http.send(
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + ports.admin + "/metrics")).build(),
        HttpResponse.BodyHandlers.discarding());
  }

  private ImapClient client(int number, Endpoint endpoint) {
    return ImapClient.connect(endpoint)
        .patience(Duration.ofMinutes(1))
        .login(user(number), PASSWORD);
  }

  private static String user(int number) {
    return "trainee-" + number % USERS;
  }

  private static String message(int lines) {
    return "From: hatter@example.org\r\nSubject: Once more\r\n\r\n"
        + "Take some more tea, the March Hare said to Alice, very earnestly.\r\n".repeat(lines);
  }

  private static void atOnce(int times, IntConsumer what) throws InterruptedException {
    try (ExecutorService threads = Executors.newFixedThreadPool(AT_ONCE)) {
      List<Callable<Object>> all = new ArrayList<>();
      for (int i = 0; i < times; i++) {
        int number = i;
        all.add(Executors.callable(() -> what.accept(number)));
      }
      for (Future<Object> each : threads.invokeAll(all)) {
        if (each.state() == Future.State.FAILED) {
          throw new AssertionError(each.exceptionNow().getMessage(), each.exceptionNow());
        }
      }
    }
  }

  @Override
  public void close() {
    http.close();
    daemon.close();
    backend.close();
  }
}
