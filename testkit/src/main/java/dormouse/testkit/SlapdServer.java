package dormouse.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/// A private OpenLDAP on free ports of 127.0.0.1, below [#BASE]. [#SEARCHER] may read passwords; users may bind; others read all
/// else. Needs Debian's `slapd`. Any thread.
public final class SlapdServer implements AutoCloseable {
  public static final String BASE = "dc=example,dc=org";
  public static final String SEARCHER = "cn=dormouse,dc=example,dc=org";
  public static final String PASSWORD = "ldap-secret";

  private final int port = FreePort.next();
  private final int tlsPort = FreePort.next();
  private final Path certificate;
  private final Path home;
  private PrivateServer server;

  private SlapdServer(Path home, String ldif) throws IOException {
    this.home = home;
    PrivateServer.run( // GnuTLS does not read the keys of SelfSigned
        home,
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=127.0.0.1",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        "-keyout",
        home.resolve("key.pem").toString(),
        "-out",
        home.resolve("certificate.pem").toString());
    certificate = home.resolve("certificate.pem");
    PrivateServer.own(Files.createDirectory(home.resolve("data")));
    Path config = PrivateServer.own(Files.writeString(home.resolve("slapd.conf"), config(home)));
    Path entries =
        PrivateServer.own(Files.writeString(home.resolve("entries.ldif"), BASICS + ldif));
    PrivateServer.run(home, "/usr/sbin/slapadd", "-f", config.toString(), "-l", entries.toString());
    server = startListening();
  }

  private PrivateServer startListening() {
    PrivateServer started = process();
    try {
      Wait.until("slapd listens", Duration.ofSeconds(30), () -> listens(port) && listens(tlsPort));
      return started;
    } catch (AssertionError e) {
      started.close();
      throw e;
    }
  }

  /// It says that it starts before it listens.
  private static boolean listens(int port) {
    try {
      new Socket(InetAddress.getLoopbackAddress(), port).close();
      return true;
    } catch (IOException _) {
      return false;
    }
  }

  private PrivateServer process() {
    return PrivateServer.start(
        home,
        line -> line.contains("slapd starting"),
        "/usr/sbin/slapd",
        "-f",
        home.resolve("slapd.conf").toString(),
        "-h",
        "ldap://127.0.0.1:" + port + " ldaps://127.0.0.1:" + tlsPort,
        "-d",
        "stats");
  }

  private static final String BASICS =
      """
      dn: dc=example,dc=org
      objectClass: dcObject
      objectClass: organization
      dc: example
      o: Example

      dn: cn=dormouse,dc=example,dc=org
      objectClass: organizationalRole
      objectClass: simpleSecurityObject
      cn: dormouse
      userPassword: ldap-secret

      """;

  private String config(Path home) {
    return """
    include /etc/ldap/schema/core.schema
    include /etc/ldap/schema/cosine.schema
    include /etc/ldap/schema/inetorgperson.schema
    attributetype ( 1.1.2.1 NAME 'mailHost' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
    objectclass ( 1.1.2.2 NAME 'mailUser' AUXILIARY MAY mailHost )
    modulepath /usr/lib/ldap
    moduleload back_mdb
    pidfile %1$s/pid
    TLSCertificateFile %1$s/certificate.pem
    TLSCertificateKeyFile %1$s/key.pem
    database mdb
    suffix "dc=example,dc=org"
    directory %1$s/data
    access to attrs=userPassword by anonymous auth by dn.exact="cn=dormouse,dc=example,dc=org" read
    access to * by * read
    """
        .formatted(home);
  }

  /// Starts one with these entries and returns when it answers.
  ///
  /// @param ldif entries below [#BASE]; `mailUser` is a class with `mailHost`
  public static SlapdServer start(String ldif) {
    try {
      return new SlapdServer(PrivateServer.home("slapd"), ldif);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public String url() {
    return "ldap://127.0.0.1:" + port;
  }

  public String tlsUrl() {
    return "ldaps://127.0.0.1:" + tlsPort;
  }

  /// PEM.
  public Path certificate() {
    return certificate;
  }

  /// Ends the server's process; its entries stay.
  public void stop() {
    server.stop();
  }

  /// Starts it again, after [#stop].
  public void startAgain() {
    server = startListening();
  }

  /// Stops its process where it is: it takes connections, and answers nobody.
  public void freeze() {
    server.freeze();
  }

  /// Lets it go on, after [#freeze].
  public void thaw() {
    server.thaw();
  }

  public List<String> log() {
    return server.log();
  }

  @Override
  public void close() {
    server.close();
  }
}
