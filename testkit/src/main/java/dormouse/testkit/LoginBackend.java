package dormouse.testkit;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// An IMAP server that lets everybody in who does not say [#WRONG], and keeps what each logged in with: for many connections at once.
/// A password that begins with `NO ` is refused by its own words. It has no mail.
///
/// Text is ISO-8859-1, so that each char is one byte. Any thread.
public final class LoginBackend implements AutoCloseable {
  /// The password that is refused.
  public static final String WRONG = "wrong";

  private static final String CAPABILITIES = "IMAP4rev1 LITERAL+ SASL-IR ID AUTH=PLAIN";
  private static final int QUEUE = 1024;
  private static final Pattern LITERAL = Pattern.compile("\\{(\\d+)(\\+?)}$");
  private static final Pattern WORD =
      Pattern.compile("\\G ?(?:\\{(\\d+)\\+?}\r\n|\"((?:[^\"\\\\]|\\\\.)*)\"|([^ \"{]+))");

  /// A login, by whichever command it came.
  public record Login(String user, String authzid, String password) {}

  private final ServerSocket listener;
  private final boolean proxied;
  private final List<String> headers = new ArrayList<>();
  private final List<Login> logins = new ArrayList<>();
  private final List<String> identities = new ArrayList<>();
  private final Set<Socket> connections = ConcurrentHashMap.newKeySet();

  private LoginBackend(ServerSocket listener, boolean proxied) {
    this.listener = listener;
    this.proxied = proxied;
  }

  /// Starts one on a free port of 127.0.0.1.
  public static LoginBackend start() {
    return start(false);
  }

  /// Starts one that wants a line of the PROXY protocol (version 1) before it greets.
  public static LoginBackend startProxied() {
    return start(true);
  }

  private static LoginBackend start(boolean proxied) {
    try {
      ServerSocket listener = new ServerSocket();
      listener.bind(
          new InetSocketAddress(InetAddress.getLoopbackAddress(), FreePort.next()), QUEUE);
      LoginBackend backend = new LoginBackend(listener, proxied);
      Thread.ofVirtual().name("login-backend").start(backend::acceptAll);
      return backend;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Where it listens.
  public int port() {
    return listener.getLocalPort();
  }

  /// Forgets the logins so far, and returns them.
  public List<Login> takeLogins() {
    synchronized (logins) {
      List<Login> taken = List.copyOf(logins);
      logins.clear();
      return taken;
    }
  }

  /// Forgets the lines of the PROXY protocol so far, and returns them.
  public List<String> takeHeaders() {
    synchronized (headers) {
      List<String> taken = List.copyOf(headers);
      headers.clear();
      return taken;
    }
  }

  /// Forgets the arguments of ID (RFC 2971) so far, and returns them.
  public List<String> takeIdentities() {
    synchronized (identities) {
      List<String> taken = List.copyOf(identities);
      identities.clear();
      return taken;
    }
  }

  private void acceptAll() {
    AcceptLoop.run(
        listener::accept,
        connection -> Thread.ofVirtual().name("login-backend").start(() -> serve(connection)));
  }

  private void serve(Socket connection) {
    connections.add(connection);
    try (connection) {
      connection.setTcpNoDelay(true);
      InputStream in = new BufferedInputStream(connection.getInputStream());
      OutputStream out = new BufferedOutputStream(connection.getOutputStream());
      if (proxied) {
        String header = line(in);
        if (header == null) {
          return;
        }
        synchronized (headers) {
          headers.add(header);
        }
      }
      say(out, "* OK [CAPABILITY " + CAPABILITIES + "] Stand-in ready");
      while (true) {
        String command = command(in, out);
        if (command == null) {
          return;
        }
        String[] words = command.split(" ", 3);
        String tag = words[0];
        String arguments = words.length > 2 ? words[2] : "";
        switch (words.length > 1 ? words[1].toUpperCase(Locale.ROOT) : "") {
          case "CAPABILITY" -> say(out, "* CAPABILITY " + CAPABILITIES, tag + " OK done");
          case "ID" -> {
            synchronized (identities) {
              identities.add(arguments);
            }
            say(out, "* ID (\"name\" \"Stand-in\")", tag + " OK done");
          }
          case "NOOP" -> say(out, tag + " OK done");
          case "LOGIN" -> say(out, login(tag, words(arguments)));
          case "AUTHENTICATE" -> say(out, plain(tag, arguments, in, out));
          case "LOGOUT" -> {
            say(out, "* BYE Stand-in leaves", tag + " OK done");
            return;
          }
          default -> say(out, tag + " BAD not here");
        }
      }
    } catch (IOException _) {
      // who came has gone
    } finally {
      connections.remove(connection);
    }
  }

  private String login(String tag, List<String> words) {
    return words.size() == 2
        ? answer(tag, new Login(words.get(0), "", words.get(1)))
        : tag + " BAD a user and a password are wanted";
  }

  private String plain(String tag, String arguments, InputStream in, OutputStream out)
      throws IOException {
    String[] words = arguments.split(" ", 2);
    String response = words.length > 1 ? words[1] : null;
    if (response == null) {
      say(out, "+ ");
      response = line(in);
    }
    String decoded =
        response == null
            ? ""
            : new String(Base64.getDecoder().decode(response), StandardCharsets.ISO_8859_1);
    String[] parts = decoded.split("\0", 3);
    return parts.length == 3
        ? answer(tag, new Login(parts[1], parts[0], parts[2]))
        : tag + " BAD three parts are wanted";
  }

  private String answer(String tag, Login login) {
    synchronized (logins) {
      logins.add(login);
    }
    if (login.password.startsWith("NO ")) {
      return tag + " " + login.password;
    }
    return login.password.equals(WRONG)
        ? tag + " NO [AUTHENTICATIONFAILED] Not by that"
        : tag + " OK [CAPABILITY IMAP4rev1 ID] Logged in";
  }

  private static List<String> words(String arguments) {
    List<String> words = new ArrayList<>();
    Matcher matcher = WORD.matcher(arguments);
    int at = 0;
    while (at < arguments.length() && matcher.find(at)) {
      at = matcher.end();
      if (matcher.group(1) != null) {
        int end = at + Integer.parseInt(matcher.group(1));
        words.add(arguments.substring(at, end));
        at = end;
      } else if (matcher.group(2) != null) {
        words.add(matcher.group(2).replaceAll("\\\\(.)", "$1"));
      } else {
        words.add(matcher.group(3));
      }
    }
    return words;
  }

  private static @Nullable String command(InputStream in, OutputStream out) throws IOException {
    StringBuilder command = new StringBuilder();
    while (true) {
      String line = line(in);
      if (line == null) {
        return null;
      }
      command.append(line);
      Matcher literal = LITERAL.matcher(line);
      if (!literal.find()) {
        return command.toString();
      }
      if (literal.group(2).isEmpty()) {
        say(out, "+ go on");
      }
      byte[] bytes = in.readNBytes(Integer.parseInt(literal.group(1)));
      command.append("\r\n").append(new String(bytes, StandardCharsets.ISO_8859_1));
    }
  }

  private static @Nullable String line(InputStream in) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int b = in.read(); b >= 0; b = in.read()) {
      if (b == '\n') {
        line.setLength(line.length() - 1); // CR
        return line.toString();
      }
      line.append((char) b);
    }
    return null;
  }

  private static void say(OutputStream out, String... lines) throws IOException {
    for (String line : lines) {
      out.write((line + "\r\n").getBytes(StandardCharsets.ISO_8859_1));
    }
    out.flush();
  }

  @Override
  public void close() {
    try {
      listener.close();
      for (Socket connection : connections) {
        connection.close();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
