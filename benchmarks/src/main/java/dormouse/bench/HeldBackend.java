package dormouse.bench;

import dormouse.testkit.DovecotServer;
import dormouse.testkit.EmbeddedBackend;
import dormouse.testkit.FreePort;

/// The mail server behind the Dormouse that is measured: users `u1`, `u2`… with the password `pass`. Any thread.
sealed interface HeldBackend extends AutoCloseable {
  String PASSWORD = DovecotServer.PASSWORD;

  /// Starts one with as many users and messages.
  static HeldBackend start(HoldOptions options) {
    HeldBackend backend =
        switch (options.backend()) {
          case DOVECOT -> new Dovecot(DovecotServer.start());
          case GREENMAIL -> GreenMail.start(options.users());
          case STAND_IN -> StandIn.start(options.messages());
        };
    for (int i = 0;
        i < options.messages() && options.backend() != HoldOptions.Backend.STAND_IN;
        i++) {
      for (int user = 1; user <= options.users(); user++) {
        backend.deliver("u" + user);
      }
    }
    return backend;
  }

  String name();

  /// IMAP in the clear.
  int port();

  /// What stands in Dormouse's settings because of it: YAML, or "".
  default String settings() {
    return "";
  }

  /// What stands in `hibernate` because of it, behind something else.
  default String hibernate() {
    return "";
  }

  /// Puts a small message into a user's INBOX, behind Dormouse's back.
  void deliver(String user);

  @Override
  void close();

  /// A small message.
  private static String message() {
    return "From: a@example.org\r\nSubject: hello\r\n\r\nHello\r\n";
  }

  /// A private Dovecot, processes of its own; mail comes by LMTP.
  record Dovecot(DovecotServer server) implements HeldBackend {
    @Override
    public String name() {
      return "Dovecot";
    }

    @Override
    public int port() {
      return server.imapPort();
    }

    @Override
    public void deliver(String user) {
      server.deliver(user, message());
    }

    @Override
    public void close() {
      server.close();
    }
  }

  /// GreenMail, on virtual threads of the load client's process.
  record GreenMail(EmbeddedBackend server) implements HeldBackend {
    static GreenMail start(int users) {
      EmbeddedBackend server = EmbeddedBackend.start();
      for (int i = 1; i <= users; i++) {
        server.addUser("u" + i, PASSWORD);
      }
      return new GreenMail(server);
    }

    @Override
    public String name() {
      return "GreenMail";
    }

    @Override
    public int port() {
      return server.port();
    }

    @Override
    public void deliver(String user) {
      server.append(user, "INBOX", message());
    }

    @Override
    public void close() {
      server.close();
    }
  }

  /// [ManyMailboxes], in the load client's process.
  record StandIn(ManyMailboxes server, int eventPort) implements HeldBackend {
    static StandIn start(int messages) {
      int eventPort = FreePort.next();
      return new StandIn(new ManyMailboxes(messages, eventPort), eventPort);
    }

    @Override
    public String name() {
      return "a stand-in with events";
    }

    @Override
    public int port() {
      return server.port();
    }

    @Override
    public String settings() {
      return "feeds: [ { dovecot-events: { listen: \"127.0.0.1:%d\" } } ]\n".formatted(eventPort);
    }

    /// Once the first event has been heard, who watches has a last look in this time, and leaves: nobody shall wait for that for a minute and more.
    @Override
    public String hibernate() {
      return ", poll: 5s, sync-linger: 5s";
    }

    @Override
    public void deliver(String user) {
      server.deliver(user);
    }

    @Override
    public void close() {
      server.close();
    }
  }
}
