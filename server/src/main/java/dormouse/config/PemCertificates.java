package dormouse.config;

import java.io.ByteArrayInputStream;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Certificates in PEM (RFC 7468 §5), also as older programs label them. A key or a text may stand beside them, or what OpenSSL calls a `TRUSTED
/// CERTIFICATE`, which counts for none: the remarks behind it may say for what it is not to be trusted. Pure functions.
public final class PemCertificates {
  private static final Pattern CERTIFICATE =
      Pattern.compile("-----BEGIN ((?:X509 )?CERTIFICATE)-----(?<body>[^-]*)-----END \\1-----");

  private PemCertificates() {}

  /// All of a text, in its order; empty if there are none.
  ///
  /// @throws CertificateException if one of them is damaged
  public static List<X509Certificate> in(String text) throws CertificateException {
    CertificateFactory factory = CertificateFactory.getInstance("X.509");
    List<X509Certificate> all = new ArrayList<>();
    Matcher found = CERTIFICATE.matcher(text);
    while (found.find()) {
      byte[] der = der(found.group("body"));
      all.add((X509Certificate) factory.generateCertificate(new ByteArrayInputStream(der)));
    }
    return all;
  }

  private static byte[] der(String body) throws CertificateException {
    try {
      return Base64.getDecoder().decode(body.replaceAll("\\s", ""));
    } catch (IllegalArgumentException e) {
      throw new CertificateException(e.getMessage(), e);
    }
  }
}
