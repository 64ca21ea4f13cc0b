package dormouse.testkit;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/// Delivers one message by LMTP (RFC 2033).
final class LmtpClient {
  private LmtpClient() {}

  /// Returns when the server has taken the message; fails with its answer if it does not.
  static void deliver(int port, String user, String message) {
    try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.setSoTimeout(20_000);
      socket.setTcpNoDelay(true);
      expect(socket, "", "220");
      expect(socket, "LHLO localhost\r\n", "250");
      expect(socket, "MAIL FROM:<sender@example.org>\r\n", "250");
      expect(socket, "RCPT TO:<" + user + ">\r\n", "250");
      expect(socket, "DATA\r\n", "354");
      String end = message.endsWith("\r\n") ? ".\r\n" : "\r\n.\r\n";
      expect(socket, ("\r\n" + message).replace("\r\n.", "\r\n..").substring(2) + end, "250");
      expect(socket, "QUIT\r\n", "221");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void expect(Socket socket, String command, String code) throws IOException {
    socket.getOutputStream().write(command.getBytes(StandardCharsets.ISO_8859_1));
    var in =
        new BufferedReader(
            new InputStreamReader(socket.getInputStream(), StandardCharsets.ISO_8859_1));
    String line = in.readLine();
    while (line != null && line.startsWith(code + "-")) {
      line = in.readLine();
    }
    if (line == null || !line.startsWith(code)) {
      throw new AssertionError("LMTP: expected " + code + ", heard " + line);
    }
  }
}
