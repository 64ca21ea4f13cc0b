package dormouse.tls;

import java.security.cert.X509CRL;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/// How long a signer's newest list of revoked certificates is good: behind that nobody with a certificate of that signer comes in. Immutable.
///
/// @param issuer the signer's name
/// @param term until its next update (RFC 5280 §5.1.2.5)
record ListAge(String issuer, Term term) {
  /// One of each signer, but for those whose list says nothing of a next one, which is good for ever.
  static List<ListAge> of(List<X509CRL> lists) {
    Map<String, ListAge> newest =
        lists.stream()
            .filter(list -> list.getNextUpdate() != null)
            .map(list ->
                new ListAge(
                    list.getIssuerX500Principal().getName(),
                    new Term(list.getThisUpdate().toInstant(), list.getNextUpdate().toInstant())))
            .collect(
                Collectors.toMap(
                    ListAge::issuer,
                    age -> age,
                    (one, other) -> one.term.until().isAfter(other.term.until()) ? one : other));
    return newest.values().stream().sorted(Comparator.comparing(ListAge::issuer)).toList();
  }
}
