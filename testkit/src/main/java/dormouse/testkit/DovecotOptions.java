package dormouse.testkit;

/// How a [DovecotServer] stores mail and what it says that it can. Immutable.
///
/// @param storage the mailbox format
/// @param offers the extensions it advertises; Dovecot still understands the others
/// @param eventPort of 127.0.0.1, where its event exporter posts that mailboxes have changed; 0: nowhere
/// @param oxPort of 127.0.0.1, where its push notification driver `ox` puts that messages came; 0: nowhere
/// @param clientCertificates whether nobody logs in without a certificate that its own has signed: itself is one
/// @param tokens whether access tokens are taken, too: JSON Web Tokens of whoever is in the claim `email`, by the keys of [DovecotServer#tokenKey]
public record DovecotOptions(
    Storage storage,
    Offers offers,
    int eventPort,
    int oxPort,
    boolean clientCertificates,
    boolean tokens) {
  /// sdbox, everything advertised.
  public static final DovecotOptions DEFAULT =
      new DovecotOptions(Storage.SDBOX, Offers.QRESYNC, 0, 0, false, false);

  /// Mailbox formats.
  public enum Storage {
    /// Dovecot's own, one file a message.
    SDBOX("sdbox:~/mail"),
    /// Its own, many messages a file.
    MDBOX("mdbox:~/mail"),
    /// Maildir; UIDVALIDITY and flags outlive the index files, modseqs do not.
    MAILDIR("maildir:~/mail");

    final String location;

    Storage(String location) {
      this.location = location;
    }
  }

  /// What CAPABILITY shows after login.
  public enum Offers {
    /// All that Dovecot can.
    QRESYNC(""),
    /// CONDSTORE (RFC 7162) without QRESYNC; ESEARCH is there.
    CONDSTORE(Offers.PLAIN_LIST + " ESEARCH SEARCHRES CONDSTORE"),
    /// Neither, and no ESEARCH either.
    PLAIN(Offers.PLAIN_LIST);

    private static final String PLAIN_LIST =
        "IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE LITERAL+"
            + " UNSELECT CHILDREN NAMESPACE UIDPLUS MOVE LIST-EXTENDED LIST-STATUS";

    /// The whole list, "" for Dovecot's own.
    final String capabilities;

    Offers(String capabilities) {
      this.capabilities = capabilities;
    }
  }

  /// The same with another mailbox format.
  public DovecotOptions with(Storage other) {
    return new DovecotOptions(other, offers, eventPort, oxPort, clientCertificates, tokens);
  }

  /// The same with other advertised extensions.
  public DovecotOptions with(Offers other) {
    return new DovecotOptions(storage, other, eventPort, oxPort, clientCertificates, tokens);
  }

  /// The same, posting to this port that mailboxes have changed.
  public DovecotOptions withEventsTo(int port) {
    return new DovecotOptions(storage, offers, port, oxPort, clientCertificates, tokens);
  }

  /// The same, with METADATA, and telling this port that messages came, for who asks for it there.
  public DovecotOptions withOxTo(int port) {
    return new DovecotOptions(storage, offers, eventPort, port, clientCertificates, tokens);
  }

  /// The same, where nobody logs in without the server's own certificate.
  public DovecotOptions withClientCertificates() {
    return new DovecotOptions(storage, offers, eventPort, oxPort, true, tokens);
  }

  /// The same, taking access tokens.
  public DovecotOptions withTokens() {
    return new DovecotOptions(storage, offers, eventPort, oxPort, clientCertificates, true);
  }
}
