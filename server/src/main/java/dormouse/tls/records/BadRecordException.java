package dormouse.tls.records;

import javax.net.ssl.SSLException;

/// The peer sent what TLS does not allow: it gets the alert, and the connection ends.
final class BadRecordException extends SSLException {
  private static final long serialVersionUID = 1;

  final Alert alert;

  BadRecordException(Alert alert, String why) {
    super(why);
    this.alert = alert;
  }
}
