package dormouse.testkit;

import java.io.InputStream;
import java.io.OutputStream;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.Inflater;
import java.util.zip.InflaterInputStream;

/// The streams of a client behind COMPRESS DEFLATE (RFC 4978).
public final class Deflated {
  private Deflated() {}

  /// What is read from `in`, inflated. Never says that something is available.
  public static InputStream in(InputStream in) {
    return new InflaterInputStream(in, new Inflater(true)) {
      @Override
      public int available() {
        return 0;
      }
    };
  }

  /// Deflates to `out`; each flush reaches it.
  public static OutputStream out(OutputStream out) {
    return new DeflaterOutputStream(out, new Deflater(Deflater.DEFAULT_COMPRESSION, true), true);
  }
}
