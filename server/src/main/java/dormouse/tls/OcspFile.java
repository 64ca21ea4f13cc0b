package dormouse.tls;

import java.nio.file.Path;

/// Reads an OCSP response as a file holds it: DER, as `openssl ocsp -respout` and ACME clients write it (RFC 6960 §4.2.1).
final class OcspFile {
  private static final int SEQUENCE = 0x30;
  private static final int ENUMERATED = 0x0A;
  private static final int LONG_LENGTH = 0x80;

  private OcspFile() {}

  /// The response, if it is one, and a successful one.
  static byte[] read(Path file) throws PemFiles.BadFile {
    byte[] der = PemFiles.read(file);
    int lengthBytes = der.length > 1 && (der[1] & LONG_LENGTH) != 0 ? der[1] & ~LONG_LENGTH : 0;
    int status = 2 + (lengthBytes & 0x7F);
    boolean response =
        der.length > status + 3
            && der[0] == SEQUENCE
            && der[status] == ENUMERATED
            && der[status + 1] == 1;
    if (!response) {
      throw new PemFiles.BadFile("wanted an OCSP response in DER, but there is none in " + file);
    }
    if (der[status + 2] != 0) {
      throw new PemFiles.BadFile(
          "the OCSP response in " + file + " says that it failed: status " + der[status + 2]);
    }
    return der;
  }
}
