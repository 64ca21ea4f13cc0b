package dormouse.bench.stack;

import dormouse.testkit.DovecotParts;
import dormouse.testkit.FreePort;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/// How the peers are set up: as their manuals say, with one worker a core, TLS 1.3 and 1.2, the cipher that the client likes most, and no time
/// limits that an idle client would reach.
final class Fronts {
  private static final int CORES = Runtime.getRuntime().availableProcessors();
  private static final boolean ROOT = System.getProperty("user.name", "").equals("root");

  private Fronts() {}

  /// nginx's mail proxy; its auth daemon is an HTTP server of its own.
  static Front nginx(Scratch scratch, Backend backend) {
    Path home = scratch.folder("nginx");
    int tls = FreePort.next();
    int plain = FreePort.next();
    Path config =
        write(
            home.resolve("nginx.conf"),
            """
            load_module /usr/lib/nginx/modules/ngx_mail_module.so;
            %1$s
            daemon off;
            worker_processes %2$d;
            worker_rlimit_nofile 20000;
            pid %3$s/nginx.pid;
            error_log stderr error;
            events { worker_connections 19900; }
            http {
              access_log off;
              client_body_temp_path %3$s/body;
              proxy_temp_path %3$s/proxy;
              fastcgi_temp_path %3$s/fastcgi;
              uwsgi_temp_path %3$s/uwsgi;
              scgi_temp_path %3$s/scgi;
              server {
                listen 127.0.0.1:%4$d;
                location / {
                  add_header Auth-Status OK;
                  add_header Auth-Server 127.0.0.1;
                  add_header Auth-Port %5$d;
                  return 204;
                }
              }
            }
            mail {
              server_name mail.example.org;
              auth_http 127.0.0.1:%4$d/;
              proxy_timeout 24h;
              imap_capabilities IMAP4rev1 UIDPLUS IDLE ID ENABLE LITERAL+;
              server { listen 127.0.0.1:%6$d backlog=4096; protocol imap; }
              server {
                listen 127.0.0.1:%7$d ssl backlog=4096;
                protocol imap;
                ssl_protocols TLSv1.2 TLSv1.3;
                ssl_certificate %8$s;
                ssl_certificate_key %9$s;
              }
            }
            """
                .formatted(
                    ROOT ? "user root;" : "",
                    CORES,
                    home,
                    FreePort.next(),
                    backend.plainPort(),
                    plain,
                    tls,
                    scratch.tls().certificate(),
                    scratch.tls().key()));
    return new Daemons(
        home,
        tls,
        plain,
        new Daemons.Program(
            tls,
            List.of(
                "/usr/sbin/nginx",
                "-p",
                home.toString(),
                "-c",
                config.toString(),
                "-e",
                "stderr")));
  }

  /// A Dovecot that only passes on.
  static Front dovecotProxy(Scratch scratch, Backend backend) {
    Path home = scratch.folder("dovecot-proxy");
    int tls = FreePort.next();
    int plain = FreePort.next();
    Path config =
        write(
            home.resolve("dovecot.conf"),
            """
            protocols = imap
            base_dir = %1$s/run
            state_dir = %1$s/state
            instance_name = dormouse-bench-proxy-%2$d
            listen = 127.0.0.1
            log_path = /dev/stderr
            info_log_path = /dev/null
            ssl = yes
            ssl_cert = <%3$s
            ssl_key = <%4$s
            ssl_min_protocol = TLSv1.2
            disable_plaintext_auth = no
            auth_mechanisms = plain login
            mail_max_userip_connections = 0
            passdb {
              driver = static
              args = proxy=y host=127.0.0.1 port=%5$d nopassword=y
            }
            default_client_limit = 19000
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
              process_min_avail = %8$d
              process_limit = %8$d
              client_limit = 9000
            }
            """
                    .formatted(
                        home,
                        plain,
                        scratch.tls().certificate(),
                        scratch.tls().key(),
                        backend.plainPort(),
                        plain,
                        tls,
                        CORES)
                + DovecotParts.helpers(Backend.MOST_CLIENTS)
                + DovecotParts.users(home));
    return new Daemons(
        home,
        tls,
        plain,
        new Daemons.Program(plain, List.of("/usr/sbin/dovecot", "-F", "-c", config.toString())));
  }

  /// perdition: one process a client; one program for TLS, one for clear text.
  static Front perdition(Scratch scratch, Backend backend) {
    Path home = scratch.folder("perdition");
    int tls = FreePort.next();
    int plain = FreePort.next();
    return new Daemons(
        home,
        tls,
        plain,
        new Daemons.Program(
            tls,
            perdition(
                "IMAP4S",
                tls,
                backend,
                "--ssl_mode",
                "ssl_listen",
                "--ssl_cert_file",
                scratch.tls().certificate().toString(),
                "--ssl_key_file",
                scratch.tls().key().toString(),
                "--ssl_ca_accept_self_signed",
                "--ssl_no_client_cert_verify",
                "--ssl_no_cipher_server_preference",
                "--ssl_listen_min_proto_version",
                "tlsv1.2")),
        new Daemons.Program(plain, perdition("IMAP4", plain, backend, "--ssl_mode", "none")));
  }

  private static List<String> perdition(
      String protocol, int port, Backend backend, String... more) {
    return Stream.concat(
            Stream.of(
                "/usr/sbin/perdition",
                "--protocol",
                protocol,
                "--bind_address",
                "127.0.0.1",
                "--listen_port",
                Integer.toString(port),
                "--no_lookup",
                "--outgoing_server",
                "127.0.0.1",
                "--outgoing_port",
                Integer.toString(backend.plainPort()),
                "--server_resp_line",
                "--timeout",
                "0",
                "--no_daemon",
                "--pid_file",
                "",
                "--log_facility",
                "-",
                "--quiet"),
            Stream.of(more))
        .toList();
  }

  /// HAProxy, which ends TLS and knows nothing of IMAP.
  static Front haproxy(Scratch scratch, Backend backend) {
    Path home = scratch.folder("haproxy");
    int tls = FreePort.next();
    int plain = FreePort.next();
    Path pem = home.resolve("both.pem");
    try {
      write(
          pem,
          Files.readString(scratch.tls().certificate()) + Files.readString(scratch.tls().key()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Path config =
        write(
            home.resolve("haproxy.cfg"),
            """
            global
              nbthread %d
              maxconn 9900
              ssl-default-bind-options ssl-min-ver TLSv1.2 prefer-client-ciphers
            defaults
              mode tcp
              timeout connect 30s
              timeout client 24h
              timeout server 24h
            frontend clients
              bind 127.0.0.1:%d backlog 4096 ssl crt %s
              bind 127.0.0.1:%d backlog 4096
              default_backend servers
            backend servers
              server one 127.0.0.1:%d
            """
                .formatted(CORES, tls, pem, plain, backend.plainPort()));
    return new Daemons(
        home,
        tls,
        plain,
        new Daemons.Program(tls, List.of("/usr/sbin/haproxy", "-db", "-f", config.toString())));
  }

  private static Path write(Path file, String text) {
    try {
      return Files.writeString(file, text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
