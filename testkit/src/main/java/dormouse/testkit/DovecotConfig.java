package dormouse.testkit;

import java.nio.file.Path;

/// The configuration of a private Dovecot 2.3. Immutable.
///
/// Below `mail` lies one folder a user. It logs to standard error, keeps everything below one directory, waits for nothing, limits nothing
/// that a test could reach, and trusts loopback clients to say for whom they come
/// (`ID ("x-originating-ip" …)`). It looks at idle mailboxes each second, for Linux gives a user 128 inotify instances
/// by default, and each IDLE takes one.
record DovecotConfig(
    Path home,
    Path mail,
    DovecotOptions options,
    int imapPort,
    int imapsPort,
    int haproxyPort,
    int lmtpPort,
    SelfSigned tls) {
  private static final int MOST_CLIENTS = 20_000;

  /// How often each command was run, beside what Dormouse is told.
  private static final String COMMANDS =
      """
      metric commands {
        filter = event=imap_command_finished
        group_by = cmd_name
      }
      """;

  /// Passwords and locks, one line a user, read anew whenever it changes.
  Path users() {
    return home.resolve("users");
  }

  /// Who may log in for others, one line each.
  Path masters() {
    return home.resolve("masters");
  }

  /// Below it lie Dovecot's sockets.
  Path run() {
    return home.resolve("run");
  }

  /// What tokens must be signed with, one file a key.
  Path tokenKey(String algorithm, String id) {
    return home.resolve("keys/default/" + algorithm + "/" + id);
  }

  /// How tokens are looked at.
  Path oauth2() {
    return home.resolve("oauth2.conf");
  }

  /// The text of [#oauth2].
  String oauth2Text() {
    return """
    introspection_mode = local
    local_validation_key_dict = fs:posix:prefix=%s/keys/
    username_attribute = email
    """
        .formatted(home);
  }

  private String tokens() {
    return """
    passdb {
      driver = oauth2
      mechanisms = oauthbearer xoauth2
      args = %s
    }
    """
        .formatted(oauth2());
  }

  /// The text of dovecot.conf.
  String text() {
    return """
    protocols = imap lmtp
    base_dir = %1$s/run
    state_dir = %1$s/state
    instance_name = dormouse-test
    listen = 127.0.0.1
    log_path = /dev/stderr
    log_timestamp = "%%s.%%{usecs} "
    login_log_format_elements = user=<%%u> rip=%%r rport=%%{rport} lip=%%l mpid=%%e %%c session=<%%{session}> method=%%m

    ssl = yes
    ssl_cert = <%2$s
    ssl_key = <%3$s
    disable_plaintext_auth = no
    auth_mechanisms = plain login%13$s
    auth_failure_delay = 0
    auth_verbose = yes
    login_trusted_networks = 127.0.0.0/8
    haproxy_trusted_networks = 127.0.0.0/8
    login_greeting = Dovecot ready.

    mail_max_userip_connections = 0
    imap_hibernate_timeout = 0
    mailbox_idle_check_interval = 1s
    mail_fsync = never
    mail_location = %4$s
    mail_uid = %5$s
    first_valid_uid = 1
    first_valid_gid = 1
    namespace inbox {
      inbox = yes
    }
    auth_master_user_separator = *
    %14$s
    passdb {
      driver = passwd-file
      args = scheme=PLAIN %12$s
      master = yes
      result_success = continue
    }
    passdb {
      driver = passwd-file
      args = scheme=PLAIN %6$s
    }
    userdb {
      driver = static
      args = allow_all_users=yes uid=%5$s home=%7$s/%%u
    }

    default_process_limit = 100
    default_client_limit = 4000
    default_vsz_limit = 1G
    service imap-login {
      inet_listener imap {
        port = %8$d
      }
      inet_listener imaps {
        port = %9$d
        ssl = yes
      }
      inet_listener imap_haproxy {
        port = %11$d
        haproxy = yes
      }
      service_count = 0
      process_min_avail = 1
      process_limit = 2
      client_limit = 4000
    }
    service imap {
      service_count = 100
      process_limit = 4000
    }
    service lmtp {
      inet_listener lmtp {
        port = %10$d
      }
    }
    """
            .formatted(
                home,
                tls.certificate(),
                tls.key(),
                options.storage().location,
                DovecotParts.mailUser(),
                users(),
                mail,
                imapPort,
                imapsPort,
                lmtpPort,
                haproxyPort,
                masters(),
                options.tokens() ? " oauthbearer xoauth2" : "",
                options.tokens() ? tokens() : "")
        + DovecotParts.helpers(MOST_CLIENTS)
        + (options.offers().capabilities.isEmpty()
            ? ""
            : "imap_capability = " + options.offers().capabilities + "\n")
        + (options.clientCertificates() ? clientCertificates() : "")
        + (options.eventPort() == 0 ? "" : DovecotParts.events(options.eventPort()) + COMMANDS)
        + (options.oxPort() == 0 ? "" : ox())
        + DovecotParts.users(home);
  }

  private String clientCertificates() {
    return """
    ssl_ca = <%s
    ssl_verify_client_cert = yes
    ssl_require_crl = no
    auth_ssl_require_client_cert = yes
    """
        .formatted(tls.certificate());
  }

  /// As docs/feeds.md tells operators to.
  private String ox() {
    return """
    mail_plugins = $mail_plugins notify push_notification
    mail_attribute_dict = file:%%h/attributes
    protocol imap {
      imap_metadata = yes
    }
    plugin {
      push_notification_driver = ox:url=http://127.0.0.1:%d/ cache_lifetime=1s
    }
    """
        .formatted(options.oxPort());
  }
}
