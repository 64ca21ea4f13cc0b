package dormouse.directory;

import dormouse.config.LinkSettings;
import dormouse.tls.BadCertificates;
import java.io.IOException;

/// Makes the links of the settings.
public interface LinkMaker {
  /// Makes one; blocks.
  ///
  /// @param name of the link in logs and metrics
  /// @param setting where it stands in the settings, as `directory[0]`, for messages
  /// @throws BadCertificates if a certificate cannot be read
  /// @throws IOException if a file of its cannot be read or is wrong; the message says all that is
  Link make(LinkSettings settings, String name, String setting) throws BadCertificates, IOException;
}
