package dormouse.imap.track;

import java.io.Serial;

/// A backend's response outgrew the bound of [ResponseLines]. The connection is of no further use.
public final class ResponseTooLongException extends Exception {
  @Serial private static final long serialVersionUID = 1L;

  ResponseTooLongException(int maxBytes) {
    super("response of more than " + maxBytes + " bytes", null, false, false);
  }
}
