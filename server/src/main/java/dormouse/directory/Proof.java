package dormouse.directory;

import java.util.Arrays;

/// What a client shows to prove who it is. Who made it wipes it, once nobody reads it any more.
@SuppressWarnings("ArrayRecordComponent") // secrets are wiped, and never compared
public sealed interface Proof {

  /// A password in clear: PLAIN, LOGIN and what is like them.
  ///
  /// @param password in the client's own bytes; not copied
  record Password(byte[] password) implements Proof {
    @Override
    public void wipe() {
      Arrays.fill(password, (byte) 0);
    }

    @Override
    public String toString() {
      return "Password[hidden]";
    }
  }

  /// An access token of OAuth 2.0: OAUTHBEARER (RFC 7628), XOAUTH2.
  ///
  /// @param token not copied
  record Token(byte[] token) implements Proof {
    @Override
    public void wipe() {
      Arrays.fill(token, (byte) 0);
    }

    @Override
    public String toString() {
      return "Token[hidden]";
    }
  }

  /// A digest of a challenge of ours under the password: CRAM-MD5 (RFC 2195).
  ///
  /// @param challenge as it was said, `<…>` and all
  /// @param digest 32 hexadecimal digits
  record CramMd5(String challenge, String digest) implements Proof {
    @Override
    public void wipe() {}

    @Override
    public String toString() {
      return "CramMd5[hidden]";
    }
  }

  /// The first message of SCRAM-SHA-256 (RFC 5802 §7), to be proven by a second one: a link answers it with what the client then
  /// has to prove ([Answer.Prove]).
  ///
  /// @param binding what the second message has to repeat, one char a byte: what comes before the first one, such as `n,,`, and what the
  ///     channel is bound to
  /// @param bare the message without it
  /// @param nonce the client's
  record Scram(String binding, String bare, String nonce) implements Proof {
    /// The user as the message has it.
    public String user() {
      int end = bare.indexOf(',');
      return end < 0 ? bare : bare.substring(0, end);
    }

    @Override
    public void wipe() {}
  }

  /// The certificate of the client's TLS, which we or a proxy before us have checked, is made out to the user: EXTERNAL.
  record Certificate() implements Proof {
    @Override
    public void wipe() {}
  }

  /// Nothing: the client has proven itself when it logged in, and the directory is asked again about its user. Never a client's.
  ///
  /// @param before what it had shown then
  record Resumed(Kind before) implements Proof {
    @Override
    public void wipe() {}
  }

  /// What is shown, without the secret.
  enum Kind {
    PASSWORD,
    TOKEN,
    CRAM_MD5,
    SCRAM,
    CERTIFICATE
  }

  /// Which of them it is; of [Resumed] what was shown before.
  default Kind kind() {
    return switch (this) {
      case Password _ -> Kind.PASSWORD;
      case Token _ -> Kind.TOKEN;
      case CramMd5 _ -> Kind.CRAM_MD5;
      case Scram _ -> Kind.SCRAM;
      case Certificate _ -> Kind.CERTIFICATE;
      case Resumed(var before) -> before;
    };
  }

  /// Overwrites what is secret.
  void wipe();
}
