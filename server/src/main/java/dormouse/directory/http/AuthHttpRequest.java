package dormouse.directory.http;

import dormouse.config.HttpLinkSettings;
import dormouse.directory.Attempt;
import dormouse.directory.Proof;
import dormouse.session.Client;
import dormouse.tls.records.HandshakeFacts;
import io.netty.util.NetUtil;
import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Locale;

/// The question to an HTTP auth daemon, byte for byte as nginx's mail proxy puts it: which headers, in which order, how escaped
/// (nginx: `ngx_mail_auth_http_create_request`). Headers that nginx does not know come only with `extended`, between
/// nginx's own and those of the settings.
final class AuthHttpRequest {
  private static final byte[] HEX = "0123456789ABCDEF".getBytes(StandardCharsets.US_ASCII);

  private final Wipeable out = new Wipeable();

  private AuthHttpRequest() {}

  /// The question about an attempt; holds the password, the receiver's to wipe.
  static byte[] of(Attempt attempt, HttpLinkSettings settings) {
    AuthHttpRequest request = new AuthHttpRequest();
    request.write(attempt, settings);
    byte[] bytes = request.out.toByteArray();
    request.out.wipe();
    return bytes;
  }

  private void write(Attempt attempt, HttpLinkSettings settings) {
    String version = settings.keepAlive() == 0 ? "HTTP/1.0" : "HTTP/1.1";
    line("GET " + settings.url().uri() + " " + version);
    header("Host", settings.url().host());
    proof(attempt);
    header("Auth-Protocol", attempt.protocol());
    header("Auth-Login-Attempt", Integer.toString(attempt.number()));
    Client client = attempt.client();
    header("Client-IP", address(client.remote()));
    if (client.via().proxy() != null) {
      header("Proxy-Protocol-Addr", address(client.remote()));
      header("Proxy-Protocol-Port", Integer.toString(client.remote().getPort()));
      header("Proxy-Protocol-Server-Addr", address(client.local()));
      header("Proxy-Protocol-Server-Port", Integer.toString(client.local().getPort()));
    }
    HandshakeFacts tls = attempt.tls();
    if (tls != null) {
      header("Auth-SSL", "on");
      header("Auth-SSL-Protocol", tls.protocol());
      header("Auth-SSL-Cipher", openSslName(tls.cipher()));
      if (tls.certificateAsked()) {
        certificate(tls, settings.passClientCertificate());
      }
    }
    if (tls == null && client.tls() && attempt.proof() instanceof Proof.Resumed) {
      header("Auth-SSL", "on"); // what else was agreed on is not kept
    }
    if (settings.extended()) {
      extended(attempt);
    }
    settings.headers().forEach(this::line);
    line("");
  }

  private void proof(Attempt attempt) {
    switch (attempt.proof()) {
      case Proof.Password(var password) -> {
        header("Auth-Method", "plain");
        header("Auth-User", attempt.user().getBytes(StandardCharsets.UTF_8));
        header("Auth-Pass", password);
      }
      case Proof.CramMd5(var challenge, var digest) -> {
        header("Auth-Method", "cram-md5");
        header("Auth-User", attempt.user().getBytes(StandardCharsets.UTF_8));
        header("Auth-Pass", digest.getBytes(StandardCharsets.US_ASCII));
        header("Auth-Salt", challenge);
      }
      case Proof.Certificate _ -> {
        header("Auth-Method", "external");
        header("Auth-User", HttpLink.externalUser(attempt).getBytes(StandardCharsets.UTF_8));
        header("Auth-Pass", new byte[0]);
      }
      case Proof.Token(var token) -> {
        header("Auth-Method", attempt.mechanism().toLowerCase(Locale.ROOT));
        header("Auth-User", attempt.user().getBytes(StandardCharsets.UTF_8));
        header("Auth-Pass", token);
      }
      case Proof.Resumed _ -> {
        header("Auth-Method", "resume");
        header("Auth-User", attempt.user().getBytes(StandardCharsets.UTF_8));
      }
      case Proof.Scram _ -> throw new IllegalArgumentException("nginx knows no SCRAM");
    }
  }

  /// What nginx tells where it has asked for certificates. One that is not signed as it should be has ended the handshake, unless any may be shown.
  private void certificate(HandshakeFacts tls, boolean whole) {
    X509Certificate certificate = tls.certificate();
    if (certificate == null) {
      header("Auth-SSL-Verify", "NONE");
      return;
    }
    String fault = tls.certificateFault();
    header("Auth-SSL-Verify", fault.isEmpty() ? "SUCCESS" : "FAILED:" + fault);
    header("Auth-SSL-Subject", OpenSslName.of(certificate.getSubjectX500Principal()));
    header("Auth-SSL-Issuer", OpenSslName.of(certificate.getIssuerX500Principal()));
    header("Auth-SSL-Serial", serial(certificate.getSerialNumber()));
    header("Auth-SSL-Fingerprint", fingerprint(certificate));
    if (whole) {
      header("Auth-SSL-Cert", pem(certificate));
    }
  }

  private static String serial(BigInteger number) {
    String digits = number.abs().toString(16).toUpperCase(Locale.ROOT);
    return (number.signum() < 0 ? "-" : "") + (digits.length() % 2 == 0 ? "" : "0") + digits;
  }

  private static String fingerprint(X509Certificate certificate) {
    try {
      return HexFormat.of()
          .formatHex(MessageDigest.getInstance("SHA-1").digest(certificate.getEncoded()));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e); // it came encoded, and every JDK has SHA-1
    }
  }

  private static byte[] pem(X509Certificate certificate) {
    try {
      String base64 =
          Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(certificate.getEncoded());
      return ("-----BEGIN CERTIFICATE-----\n" + base64 + "\n-----END CERTIFICATE-----\n")
          .getBytes(StandardCharsets.US_ASCII);
    } catch (CertificateEncodingException e) {
      throw new IllegalStateException(e); // it came encoded
    }
  }

  private void extended(Attempt attempt) {
    Client client = attempt.client();
    header("Client-Port", Integer.toString(client.remote().getPort()));
    header("Server-IP", address(client.local()));
    header("Server-Port", Integer.toString(client.local().getPort()));
    header("Auth-Session", client.sessionId());
    if (!client.serverName().isEmpty()) {
      header("Auth-SNI", client.serverName().getBytes(StandardCharsets.UTF_8));
    }
    if (!attempt.clientId().isEmpty()) {
      header("Auth-IMAP-ID", attempt.clientId().getBytes(StandardCharsets.UTF_8));
    }
  }

  private static String address(InetSocketAddress address) {
    return NetUtil.toAddressString(address.getAddress());
  }

  /// OpenSSL's name of a cipher, which for TLS 1.2 is not the one of the RFCs: `ECDHE-RSA-AES128-GCM-SHA256`.
  static String openSslName(String cipher) {
    if (!cipher.contains("_WITH_")) {
      return cipher;
    }
    return cipher
        .substring("TLS_".length())
        .replace("_WITH_", "-")
        .replace("AES_", "AES")
        .replace("POLY1305_SHA256", "POLY1305")
        .replace('_', '-');
  }

  private void header(String name, String value) {
    line(name + ": " + value);
  }

  private void line(String text) {
    out.writeBytes(text.getBytes(StandardCharsets.UTF_8));
    out.writeBytes(new byte[] {'\r', '\n'});
  }

  /// A header whose value came from outside, escaped.
  private void header(String name, byte[] value) {
    out.writeBytes((name + ": ").getBytes(StandardCharsets.US_ASCII));
    for (byte b : value) {
      if ((b >= 0 && b <= ' ') || b == '%') {
        out.write('%');
        out.write(HEX[b >> 4]);
        out.write(HEX[b & 15]);
      } else {
        out.write(b);
      }
    }
    line("");
  }

  /// Bytes that can be overwritten when they are done with.
  private static final class Wipeable extends ByteArrayOutputStream {
    Wipeable() {
      super(2048); // seldom grows, which would leave a copy behind
    }

    void wipe() {
      java.util.Arrays.fill(buf, (byte) 0);
    }
  }
}
