package dormouse.tls;

import io.netty.handler.ssl.SslContext;
import io.netty.util.Mapping;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Which certificate a client gets for the name it asks for (SNI, RFC 6066 §3): the one that names it exactly, else by wildcard
/// (RFC 9525 §6.3: one label), else the first of all. Immutable.
final class NamedContexts implements Mapping<String, SslContext> {
  private static final int DNS_NAME = 2; // RFC 5280 §4.2.1.6

  private final SslContext first;
  private final Map<String, SslContext> byName;

  private NamedContexts(SslContext first, Map<String, SslContext> byName) {
    this.first = first;
    this.byName = byName;
  }

  /// @param certificates at least one
  static NamedContexts of(List<ServedCertificate> certificates) {
    Map<String, SslContext> byName = new HashMap<>();
    for (ServedCertificate served : certificates) {
      for (String name : names(served.certificate())) {
        byName.putIfAbsent(name, served.context());
      }
    }
    return new NamedContexts(certificates.getFirst().context(), Map.copyOf(byName));
  }

  @Override
  public SslContext map(@Nullable String name) {
    if (name == null) {
      return first;
    }
    String asked = name.toLowerCase(Locale.ROOT);
    SslContext exact = byName.get(asked);
    if (exact != null) {
      return exact;
    }
    int dot = asked.indexOf('.');
    return dot < 0 ? first : byName.getOrDefault("*" + asked.substring(dot), first);
  }

  private static List<String> names(X509Certificate certificate) {
    try {
      Collection<List<?>> all = certificate.getSubjectAlternativeNames();
      return Objects.requireNonNullElse(all, List.<List<?>>of()).stream()
          .filter(name -> Integer.valueOf(DNS_NAME).equals(name.get(0)))
          .map(name -> String.valueOf(name.get(1)).toLowerCase(Locale.ROOT))
          .toList();
    } catch (CertificateParsingException damaged) {
      return List.of();
    }
  }
}
