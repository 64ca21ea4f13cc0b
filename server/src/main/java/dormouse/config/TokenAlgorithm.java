package dormouse.config;

/// How tokens may be signed (RFC 7518 §3.1, RFC 8037 §3.1): by a key that only the provider has, so none of the shared secrets, and
/// not at all `none`.
public enum TokenAlgorithm {
  RS256,
  RS384,
  RS512,
  PS256,
  PS384,
  PS512,
  ES256,
  ES384,
  ES512,
  EDDSA;

  /// As settings and documents write it.
  @Override
  public String toString() {
    return name().toLowerCase(java.util.Locale.ROOT);
  }
}
