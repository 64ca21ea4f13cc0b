package dormouse.bench.stack;

import dormouse.testkit.DovecotParts;
import dormouse.testkit.FreePort;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/// The Dovecot behind a stack, in one of three variants that differ in nothing else. Any thread.
public final class Backend implements AutoCloseable {
  /// The password of everybody.
  public static final String PASSWORD = "pass";

  /// What a variant does with an idle session.
  public enum Variant {
    /// Keeps its process.
    LIVE,
    /// Hands it to `imap-hibernate` after [#HIBERNATE_AFTER].
    HIBERNATING,
    /// Keeps its process, and posts its events to Dormouse.
    FEEDING
  }

  /// Silence before whoever hibernates sessions does.
  public static final String HIBERNATE_AFTER = "1s";

  private static final String CONFIG = "dovecot.conf";
  static final int MOST_CLIENTS = 19_500;

  /// As Dovecot has it by default: a process ends with its session.
  private static final String PROCESS_A_SESSION =
      """
      service imap {
        service_count = 1
      """;

  private static final long RELOAD_NANOS = 1_000_000_000;

  private final Path home;
  private final String config;
  private Daemon daemon;
  private final Mailboxes mailboxes;
  private final int plainPort;
  private final int tlsPort;
  private final int lmtpPort;
  private final int eventPort;

  private Backend(
      Path home,
      String config,
      Mailboxes mailboxes,
      int plainPort,
      int tlsPort,
      int lmtpPort,
      int eventPort) {
    this.home = home;
    this.config = config;
    this.mailboxes = mailboxes;
    this.plainPort = plainPort;
    this.tlsPort = tlsPort;
    this.lmtpPort = lmtpPort;
    this.eventPort = eventPort;
    this.daemon = run();
  }

  private Daemon run() {
    String config = home.resolve(CONFIG).toString();
    return Daemon.start(home, plainPort, List.of("/usr/sbin/dovecot", "-F", "-c", config));
  }

  /// Starts one without any mail.
  ///
  /// @param keepAliveSeconds between two `* OK Still here`
  static Backend start(Variant variant, Scratch scratch, int keepAliveSeconds) {
    int plainPort = FreePort.next();
    int tlsPort = FreePort.next();
    int lmtpPort = FreePort.next();
    int eventPort = FreePort.next();
    try {
      Path home = scratch.folder("dovecot");
      Path mail = Files.createDirectory(home.resolve("mail"));
      String owner = DovecotParts.mailUser();
      Files.setOwner(
          mail, mail.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName(owner));
      String text =
          config(scratch, home, mail, owner, plainPort, tlsPort, lmtpPort, keepAliveSeconds)
              + switch (variant) {
                case LIVE -> "";
                case HIBERNATING -> HIBERNATION;
                case FEEDING -> DovecotParts.events(eventPort);
              }
              + DovecotParts.helpers(MOST_CLIENTS)
              + DovecotParts.users(home);
      Files.writeString(home.resolve(CONFIG), text);
      return new Backend(
          home, text, new Mailboxes(mail, owner), plainPort, tlsPort, lmtpPort, eventPort);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static final String HIBERNATION =
      """
      imap_hibernate_timeout = %s
      service imap {
        unix_listener imap-master {
          user = $default_internal_user
        }
        extra_groups = $default_internal_group
      }
      service imap-hibernate {
        process_limit = 4
        client_limit = 9000
        unix_listener imap-hibernate {
          mode = 0660
          group = $default_internal_group
        }
      }
      """
          .formatted(HIBERNATE_AFTER);

  private static String config(
      Scratch scratch,
      Path home,
      Path mail,
      String owner,
      int plainPort,
      int tlsPort,
      int lmtpPort,
      int keepAliveSeconds) {
    return """
    protocols = imap lmtp
    base_dir = %1$s/run
    state_dir = %1$s/state
    instance_name = dormouse-bench-%6$d
    listen = 127.0.0.1
    log_path = /dev/stderr
    ssl = yes
    ssl_cert = <%2$s
    ssl_key = <%3$s
    ssl_min_protocol = TLSv1.2
    disable_plaintext_auth = no
    auth_mechanisms = plain login
    auth_failure_delay = 0
    login_trusted_networks = 127.0.0.0/8
    mail_max_userip_connections = 0
    mail_fsync = never
    mail_location = maildir:~/Maildir
    maildir_very_dirty_syncs = no
    mail_uid = %4$s
    first_valid_uid = 1
    first_valid_gid = 1
    imap_idle_notify_interval = %9$ds
    namespace inbox {
      inbox = yes
    }
    passdb {
      driver = static
      args = password=pass
    }
    userdb {
      driver = static
      args = allow_all_users=yes uid=%4$s home=%5$s/%%u
    }
    default_client_limit = 19000
    default_process_limit = 100
    default_vsz_limit = 4G
    service imap-login {
      inet_listener imap {
        port = %6$d
      }
      inet_listener imaps {
        port = %7$d
        ssl = yes
      }
      service_count = 0
      process_min_avail = 2
      process_limit = 2
      client_limit = 9000
    }
    %10$s  process_limit = 16000
    }
    service lmtp {
      process_min_avail = 1
      inet_listener lmtp {
        port = %8$d
      }
    }
    """
        .formatted(
            home,
            scratch.tls().certificate(),
            scratch.tls().key(),
            owner,
            mail,
            plainPort,
            tlsPort,
            lmtpPort,
            keepAliveSeconds,
            PROCESS_A_SESSION);
  }

  /// Has each process serve one session after the other, for a warm-up: a login takes it a tenth of the time then. Or as by default again. Sessions
  /// that are there go on.
  synchronized void reuseProcesses(boolean reuse) {
    String many = PROCESS_A_SESSION.replace("service_count = 1", "service_count = 1000");
    try {
      Files.writeString(
          home.resolve(CONFIG), reuse ? config.replace(PROCESS_A_SESSION, many) : config);
      new ProcessBuilder("kill", "-HUP", Long.toString(daemon.pid())).start().waitFor();
      LockSupport.parkNanos(RELOAD_NANOS); // it does not tell
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  public Mailboxes mailboxes() {
    return mailboxes;
  }

  /// Where who needs no front end comes, in the clear.
  public int plainPort() {
    return plainPort;
  }

  int tlsPort() {
    return tlsPort;
  }

  /// Where [Variant#FEEDING] posts its events.
  int eventPort() {
    return eventPort;
  }

  synchronized long pid() {
    return daemon.pid();
  }

  /// Ends all its processes and starts it again on the same ports with the same mail.
  synchronized void restart() {
    daemon.close();
    daemon = run();
  }

  /// Delivers a message to a user's INBOX by LMTP (RFC 2033): returns when Dovecot has taken it, and when it was sent
  /// (`System.nanoTime()`).
  public long deliver(String user, byte[] message) {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), lmtpPort)) {
      socket.setTcpNoDelay(true);
      socket.setSoTimeout(20_000);
      BufferedReader in =
          new BufferedReader(
              new InputStreamReader(socket.getInputStream(), StandardCharsets.ISO_8859_1));
      say(socket, in, "", "220");
      say(socket, in, "LHLO localhost\r\n", "250");
      say(socket, in, "MAIL FROM:<sender@example.org>\r\n", "250");
      say(socket, in, "RCPT TO:<" + user + ">\r\n", "250");
      say(socket, in, "DATA\r\n", "354");
      String text = new String(message, StandardCharsets.US_ASCII) + ".\r\n";
      long sent = System.nanoTime();
      say(socket, in, text, "250");
      say(socket, in, "QUIT\r\n", "221");
      return sent;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void say(Socket socket, BufferedReader in, String command, String code)
      throws IOException {
    socket.getOutputStream().write(command.getBytes(StandardCharsets.US_ASCII));
    String line = in.readLine();
    while (line != null && line.startsWith(code + "-")) {
      line = in.readLine();
    }
    if (line == null || !line.startsWith(code)) {
      throw new IOException("LMTP: expected " + code + ", heard " + line);
    }
  }

  /// Ends it; its mail goes, which there is no room for beside that of all others.
  @Override
  public synchronized void close() {
    daemon.kill(); // its mail goes, too
    Scratch.delete(home);
  }
}
