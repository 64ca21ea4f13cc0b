package dormouse.bench;

import dormouse.testkit.DovecotServer;
import dormouse.testkit.EmbeddedBackend;

/// The mail server behind the Dormouse that is measured: users `u1`, `u2`… with the password `pass`. Any thread.
sealed interface HeldBackend extends AutoCloseable {
  String PASSWORD = DovecotServer.PASSWORD;

  /// Starts one with this many users.
  static HeldBackend start(HoldOptions options) {
    if (options.greenMail()) {
      return GreenMail.start(options.users());
    }
    return new Dovecot(DovecotServer.start());
  }

  String name();

  /// IMAP in the clear.
  int port();

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
}
