package dormouse.tls.records;

import java.util.Arrays;
import javax.crypto.SecretKey;

/// A key that can be forgotten, as [javax.crypto.spec.SecretKeySpec] cannot. The JDK's ciphers and MACs zero the copies that
/// they ask for.
///
/// Lives on its connection's event loop.
final class TrafficKey implements SecretKey {
  private static final long serialVersionUID = 1;

  private final String algorithm;
  private final byte[] bytes;

  /// @param bytes used as they are, and zeroed by [#destroy]
  TrafficKey(byte[] bytes, String algorithm) {
    this.bytes = bytes;
    this.algorithm = algorithm;
  }

  @Override
  public String getAlgorithm() {
    return algorithm;
  }

  @Override
  public String getFormat() {
    return "RAW";
  }

  @Override
  public byte[] getEncoded() {
    return bytes.clone();
  }

  @Override
  public void destroy() {
    Arrays.fill(bytes, (byte) 0);
  }

  @Override
  public String toString() {
    return "TrafficKey " + algorithm; // never what it is
  }
}
