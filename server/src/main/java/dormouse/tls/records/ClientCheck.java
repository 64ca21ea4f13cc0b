package dormouse.tls.records;

import java.security.cert.X509Certificate;
import java.util.List;

/// What is thought of the certificate that a client has shown, where one comes in whatever is thought of it. Any thread.
@FunctionalInterface
public interface ClientCheck {
  /// Why it is not believed; `""` if it is.
  ///
  /// @param chain the client's own first
  String fault(List<X509Certificate> chain);
}
