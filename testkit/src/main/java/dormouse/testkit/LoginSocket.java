package dormouse.testkit;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;

/// Says a mail server who may log in, through a UNIX socket: one question a connection. Any thread.
///
/// All of `u0`, `u1` … may, with [DovecotServer#PASSWORD], until told otherwise.
final class LoginSocket implements AutoCloseable {
  private static final Pattern USER = Pattern.compile("u\\d+");

  private final ServerSocketChannel listener;
  private final Map<String, String> passwords = new ConcurrentHashMap<>();

  /// Reads a question and writes the answer.
  interface Dialogue {
    void answer(InputStream question, OutputStream answer) throws IOException;
  }

  private LoginSocket(ServerSocketChannel listener) {
    this.listener = listener;
  }

  /// Listens at this path.
  static LoginSocket at(Path path) {
    try {
      var listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
      listener.bind(UnixDomainSocketAddress.of(path));
      Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxrwxrwx"));
      return new LoginSocket(listener);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Answers from now on.
  void serve(Dialogue dialogue) {
    Thread.ofPlatform().daemon().name("login-socket").start(() -> acceptAll(dialogue));
  }

  private void acceptAll(Dialogue dialogue) {
    AcceptLoop.run(
        listener::accept,
        one -> Thread.ofPlatform().daemon().name("login").start(() -> answer(one, dialogue)));
  }

  private static void answer(SocketChannel asking, Dialogue dialogue) {
    try (asking) {
      dialogue.answer(Channels.newInputStream(asking), Channels.newOutputStream(asking));
    } catch (IOException _) {
      // who asked has gone: its login fails
    }
  }

  /// Whether this is a user's password.
  boolean accepts(String user, String password) {
    String usual = USER.matcher(user).matches() ? DovecotServer.PASSWORD : "";
    String wanted = passwords.getOrDefault(user, usual);
    return !wanted.isEmpty() && wanted.equals(password);
  }

  /// Changes a user's password; "" locks the user out.
  void setPassword(String user, String password) {
    passwords.put(user, password);
  }

  @Override
  public void close() {
    try {
      listener.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
