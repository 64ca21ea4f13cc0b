package dormouse.tls;

import dormouse.config.Fault;
import dormouse.config.KeyFile;
import java.io.IOException;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What is wrong with files, gathered while they are read, so that all of it is told at once. For one thread.
final class FileFaults {
  /// Reads a file.
  interface Reading<T> {
    T read() throws PemFiles.BadFile;
  }

  private final List<Fault> faults = new ArrayList<>();

  /// What is in a file; null if it is not what it should be.
  ///
  /// @param setting that names the file
  <T> @Nullable T read(String setting, Reading<T> reading) {
    try {
      return reading.read();
    } catch (PemFiles.BadFile e) {
      add(setting, e);
      return null;
    }
  }

  /// The private key in a file; null if there is none, or it does not fit.
  ///
  /// @param setting that names the file
  /// @param passphrasesSetting that names the file of pass phrases, and is at fault if none opens the key
  /// @param certificate which it must fit; null if that is at fault itself
  @Nullable PrivateKey readKey(
      String setting,
      Path file,
      String passphrasesSetting,
      @Nullable Path passphrases,
      @Nullable X509Certificate certificate) {
    KeyFile.Clear clear;
    try {
      clear = KeyFile.read(file, passphrases);
    } catch (KeyFile.Unread e) {
      add(setting, e);
      return null;
    } catch (IOException e) {
      add(passphrases == null ? setting : passphrasesSetting, e);
      return null;
    }
    return certificate == null ? null : read(setting, () -> PemFiles.key(clear, file, certificate));
  }

  void add(String setting, Exception why) {
    faults.add(new Fault(0, 0, setting, String.valueOf(why.getMessage())));
  }

  /// @throws BadCertificates if there is any
  void tell() throws BadCertificates {
    if (!faults.isEmpty()) {
      throw new BadCertificates(faults);
    }
  }
}
