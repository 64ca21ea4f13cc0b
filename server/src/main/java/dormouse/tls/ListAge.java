package dormouse.tls;

import java.security.cert.X509CRL;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/// How long a signer's newest list of revoked certificates is good: behind that nobody with a certificate of that signer comes in. Immutable.
///
/// @param issuer the signer's name
/// @param since when the list was made
/// @param until when the next one should have been there (RFC 5280 §5.1.2.5)
record ListAge(String issuer, Instant since, Instant until) {
  private static final int LAST_PART = 10;

  /// One of each signer, but for those whose list says nothing of a next one, which is good for ever.
  static List<ListAge> of(List<X509CRL> lists) {
    Map<String, ListAge> newest =
        lists.stream()
            .filter(list -> list.getNextUpdate() != null)
            .map(list ->
                new ListAge(
                    list.getIssuerX500Principal().getName(),
                    list.getThisUpdate().toInstant(),
                    list.getNextUpdate().toInstant()))
            .collect(
                Collectors.toMap(
                    ListAge::issuer,
                    age -> age,
                    (one, other) -> one.until.isAfter(other.until) ? one : other));
    return newest.values().stream().sorted(Comparator.comparing(ListAge::issuer)).toList();
  }

  /// Whether it is out of date.
  boolean isOver(Instant now) {
    return now.isAfter(until);
  }

  /// Whether a tenth of its time is left, or less: the next one is late, for it comes well before that where somebody looks after it.
  boolean isNearlyOver(Instant now) {
    return now.isAfter(until.minus(Duration.between(since, until).dividedBy(LAST_PART)));
  }
}
