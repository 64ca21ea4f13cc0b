package dormouse.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;

/// Parts of a dovecot.conf (2.3) that every private Dovecot needs, whatever it is for.
public final class DovecotParts {
  private static final boolean ROOT = System.getProperty("user.name", "").equals("root");

  private DovecotParts() {}

  /// The system user whose the mail files are.
  public static String mailUser() {
    return ROOT ? "mail" : System.getProperty("user.name", "");
  }

  /// As whom everything runs: as an ordinary user all as that user, nothing in a chroot.
  ///
  /// @param home a folder of that user
  public static String users(Path home) {
    if (ROOT) {
      return "mail_gid = mail\n";
    }
    return """
    default_login_user = %1$s
    default_internal_user = %1$s
    default_internal_group = %2$s
    service anvil {
      chroot =
    }
    service imap-login {
      chroot =
    }
    service stats {
      chroot =
    }
    """
        .formatted(mailUser(), groupOf(home));
  }

  private static String groupOf(Path home) {
    try {
      return Files.readAttributes(home, PosixFileAttributes.class).group().getName();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Its helpers, with room for so many sessions, and no penalty for whoever fails to log in.
  public static String helpers(int clients) {
    return """
    service anvil {
      client_limit = %1$d
      unix_listener anvil-auth-penalty {
        mode = 0
      }
    }
    service auth {
      client_limit = %1$d
    }
    service stats {
      client_limit = %1$d
    }
    """
        .formatted(clients);
  }

  /// Posts what happens in mailboxes to Dormouse, as docs/feeds.md tells operators to.
  ///
  /// @param port where Dormouse listens for it
  public static String events(int port) {
    return """
    mail_plugins = $mail_plugins notify push_notification
    plugin {
      push_notification_driver = dlog
    }
    event_exporter dormouse {
      format = json
      format_args = time-rfc3339
      transport = http-post
      transport_args = http://127.0.0.1:%d/
      transport_timeout = 10 secs
    }
    metric dormouse {
      filter = event=push_notification_finished
      exporter = dormouse
      exporter_include = name hostname timestamps fields
    }
    """
        .formatted(port);
  }
}
