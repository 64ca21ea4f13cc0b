package dormouse.testkit;

import java.util.List;

/// A private mail server of this test, of whatever make. Any thread.
///
/// Users `u0`, `u1` … have the password [DovecotServer#PASSWORD].
public interface MailServer extends AutoCloseable {
  /// IMAP in the clear, on 127.0.0.1; the same after each [#restart].
  int imapPort();

  /// Starts it again on the same port with the same mail; stops it first if it runs.
  void restart();

  /// Ends all its connections and processes in its own way.
  void stop();

  /// Ends all its connections and processes at once.
  void kill();

  /// What it does.
  ServerTraits traits();

  /// What clients can enable.
  List<ModelMode> modes();

  /// A client that is logged in at it, without Dormouse.
  default ImapClient client(String user) {
    return ImapClient.connect(Endpoint.plain(imapPort())).login(user, DovecotServer.PASSWORD);
  }

  @Override
  void close();
}
