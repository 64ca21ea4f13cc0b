package dormouse.imap;

import dormouse.config.Network;
import dormouse.directory.Attempt;
import dormouse.directory.Proof;
import dormouse.session.Client;
import dormouse.tls.records.ChannelBindings;
import dormouse.tls.records.HandshakeFacts;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Who the client of a dialogue is: by its connection, by its TLS, and as it tells itself, or a proxy that is trusted. Lives on the dialogue's event
/// loop.
final class ClientIdentity {
  private final Client peer;
  private final List<Network> trusted;
  private Client client;
  private @Nullable HandshakeFacts tls;
  private String clientId = "";

  /// @param peer whose connection it is
  /// @param trusted where proxies are that say for whom they come
  ClientIdentity(Client peer, List<Network> trusted) {
    this.peer = peer;
    this.trusted = trusted;
    this.client = peer;
  }

  Client client() {
    return client;
  }

  /// As [ImapDialogue#clientId].
  String clientId() {
    return clientId;
  }

  /// What a login can be bound to.
  ChannelBindings bindings() {
    return tls == null ? ChannelBindings.NONE : tls.bindings();
  }

  /// A proxy that we trust is believed once, and knows by then that we are no client.
  void tells(ClientId said) {
    clientId = said.kept();
    if (Network.contain(trusted, client.remote().getAddress())) {
      client = HopFields.told(client, said.hop());
    }
  }

  /// STARTTLS was said: what was told in clear may come from somebody in between.
  void turnsToTls() {
    clientId = "";
    client = peer.withTls();
  }

  void hasTls(HandshakeFacts facts) {
    tls = facts;
    client = client.withServerName(facts.serverName()).withCertificateName(facts.certificateName());
  }

  /// A try to log in.
  Attempt attempt(int number, String mechanism, String user, String authzid, Proof proof) {
    return new Attempt("imap", client, tls, clientId, number, mechanism, user, authzid, proof);
  }
}
