package dormouse.imap.compress;

import java.io.Serial;

/// What a client sends is no deflate stream (RFC 1951); nothing behind it can be read.
final class MalformedDeflateException extends Exception {
  @Serial private static final long serialVersionUID = 1;

  MalformedDeflateException(String message) {
    super(message);
  }
}
