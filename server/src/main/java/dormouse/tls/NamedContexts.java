package dormouse.tls;

import dormouse.config.CertificateNames;
import io.netty.handler.ssl.SslContext;
import io.netty.util.Mapping;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Which certificate a client gets for the name it asks for (SNI, RFC 6066 §3): the one that names it exactly, else by wildcard
/// (RFC 9525 §6.3: one label), else the first of all. Immutable.
final class NamedContexts implements Mapping<String, SslContext> {
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
      for (String name : CertificateNames.of(served.certificate())) {
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
}
