package dormouse.config;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// A file with a private key in PEM (RFC 7468), as operators have it: PKCS#8, or an older form of OpenSSL and ACME clients
/// (`BEGIN RSA PRIVATE KEY`, `BEGIN EC PRIVATE KEY`); each in clear, or under a pass phrase that stands in a [PassphraseFile].
public final class KeyFile {
  private static final Pattern KEY =
      Pattern.compile("(?s)-----BEGIN ((?:[A-Z]+ )?PRIVATE KEY)-----(.*?)-----END \\1-----");
  private static final Pattern HEADER = Pattern.compile("([A-Za-z-]+):[ \t]*([^\r\n]*)\r?\n");
  private static final String WRITE_ANEW =
      "; write it anew with: openssl pkcs8 -topk8 -in FILE -out NEW";

  /// A key as it is in clear.
  ///
  /// @param pkcs8 whether it is PKCS#8 (RFC 5208), else it is in its algorithm's own form
  /// @param der its bytes
  @SuppressWarnings("ArrayRecordComponent") // never compared
  public record Clear(boolean pkcs8, byte[] der) {
    @Override
    public String toString() {
      return "Clear[hidden]";
    }
  }

  /// A file that is there, but cannot be read: nobody knows what it holds.
  public static final class Unread extends IOException {
    private static final long serialVersionUID = 1;

    private Unread(String message, IOException cause) {
      super(message, cause);
    }
  }

  private final Path file;
  private final String label;
  private final String headers;
  private final byte[] body;

  private KeyFile(Path file, String label, String headers, byte[] body) {
    this.file = file;
    this.label = label;
    this.headers = headers;
    this.body = body;
  }

  /// The first private key of the file, in clear. Blocks.
  ///
  /// @param passphrases a [PassphraseFile]; null: there is none
  /// @throws Unread if the key's file cannot be read
  /// @throws IOException if it cannot be had; the message has nothing of what the files hold
  public static Clear read(Path key, @Nullable Path passphrases) throws IOException {
    KeyFile read = of(key);
    if (read == null) {
      throw new IOException("wanted a private key in PEM, but there is none in " + key);
    }
    return read.open(passphrases);
  }

  /// What is wrong with a key under a pass phrase, or with the pass phrases; of a key in clear nothing is looked at. Blocks.
  static @Nullable String fault(Path key, @Nullable Path passphrases) {
    try {
      KeyFile read = of(key);
      if (read != null && read.isEncrypted()) {
        read.open(passphrases);
      } else if (passphrases != null) {
        wipe(PassphraseFile.read(passphrases));
      }
      return null;
    } catch (IOException e) {
      return String.valueOf(e.getMessage());
    }
  }

  private static @Nullable KeyFile of(Path file) throws IOException {
    Matcher matcher = KEY.matcher(text(file));
    if (!matcher.find()) {
      return null;
    }
    String content = matcher.group(2);
    Matcher header = HEADER.matcher(content);
    int end = 0;
    while (header.find()) {
      end = header.end();
    }
    try {
      return new KeyFile(
          file,
          matcher.group(1),
          content.substring(0, end),
          Base64.getMimeDecoder().decode(content.substring(end)));
    } catch (IllegalArgumentException _) {
      throw damaged(file);
    }
  }

  private static String text(Path file) throws IOException {
    try {
      return Files.readString(file, StandardCharsets.ISO_8859_1);
    } catch (NoSuchFileException _) {
      throw new IOException("there is no file " + file);
    } catch (AccessDeniedException e) {
      throw new Unread("Dormouse may not read " + file, e);
    } catch (IOException e) {
      throw new Unread("cannot read " + file + ": " + e.getMessage(), e);
    }
  }

  private boolean isEncrypted() {
    return label.startsWith("ENCRYPTED") || headers.contains("ENCRYPTED");
  }

  private Clear open(@Nullable Path passphrases) throws IOException {
    boolean pkcs8 = label.equals("PRIVATE KEY") || label.startsWith("ENCRYPTED");
    if (!isEncrypted()) {
      return new Clear(pkcs8, body);
    }
    if (passphrases == null) {
      throw new IOException(
          "wanted a key in clear, or a file of pass phrases beside it, but the one in "
              + file
              + " is encrypted");
    }
    EncryptedKey encrypted;
    try {
      encrypted =
          pkcs8 ? EncryptedKey.pkcs8(body) : EncryptedKey.traditional(header("DEK-Info"), body);
    } catch (EncryptedKey.Unreadable e) {
      throw new IOException("the key in " + file + " " + e.getMessage() + WRITE_ANEW);
    }
    List<byte[]> phrases = PassphraseFile.read(passphrases);
    try {
      for (byte[] phrase : phrases) {
        byte[] der = encrypted.open(phrase);
        if (der != null) {
          return new Clear(pkcs8, der);
        }
      }
    } finally {
      wipe(phrases);
    }
    throw new IOException("no pass phrase in " + passphrases + " opens the key in " + file);
  }

  private String header(String name) {
    return HEADER
        .matcher(headers)
        .results()
        .filter(header -> header.group(1).equals(name))
        .map(header -> header.group(2).strip())
        .findFirst()
        .orElse("");
  }

  private static void wipe(List<byte[]> phrases) {
    phrases.forEach(phrase -> Arrays.fill(phrase, (byte) 0));
  }

  private static IOException damaged(Path file) {
    return new IOException("wanted a private key in PEM, but the one in " + file + " is damaged");
  }
}
