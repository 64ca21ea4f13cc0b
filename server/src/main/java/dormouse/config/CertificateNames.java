package dormouse.config;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// The names that a certificate is made out to, and by which clients ask for it (RFC 5280 §4.2.1.6, dNSName). Pure functions but for the files.
public final class CertificateNames {
  private static final int DNS_NAME = 2;

  private CertificateNames() {}

  /// In small letters; a wildcard as it stands there, `*.example.org`. Empty if there are none, or what should tell them is damaged.
  public static Set<String> of(X509Certificate certificate) {
    Set<String> names = new TreeSet<>();
    try {
      Collection<List<?>> all = certificate.getSubjectAlternativeNames();
      for (List<?> name : Objects.requireNonNullElse(all, List.<List<?>>of())) {
        if (Integer.valueOf(DNS_NAME).equals(name.get(0))) {
          names.add(String.valueOf(name.get(1)).toLowerCase(Locale.ROOT));
        }
      }
    } catch (CertificateParsingException _) {
      // then it has none
    }
    return names;
  }

  /// Those of the first certificate in a file; null if there is none. Blocks.
  static @Nullable Set<String> in(Path file) {
    try {
      List<X509Certificate> all =
          PemCertificates.in(Files.readString(file, StandardCharsets.ISO_8859_1));
      return all.isEmpty() ? null : of(all.getFirst());
    } catch (IOException | CertificateException _) {
      return null; // whoever reads it to serve it tells why
    }
  }
}
