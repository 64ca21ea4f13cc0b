package dormouse.tls;

import dormouse.config.CertificateSettings;
import dormouse.config.TlsSettings;
import dormouse.tls.records.RecordLayer;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.OpenSslSessionTicketKey;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.util.ReferenceCountUtil;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/// What was read of the files that the settings of TLS name, ready to be served; it holds native memory until [#release].
///
/// @param served in the order of the settings
/// @param lists how long those of revoked certificates are good
/// @param staples how long the OCSP responses are, by file
record ReadCertificates(
    List<ServedCertificate> served, List<ListAge> lists, Map<Path, Term> staples) {
  private static final ApplicationProtocolConfig ALPN =
      new ApplicationProtocolConfig(
          Protocol.ALPN,
          SelectorFailureBehavior.NO_ADVERTISE,
          SelectedListenerFailureBehavior.ACCEPT,
          "imap");

  /// Reads them. Blocks.
  ///
  /// @param files of the certificates: those of the settings, or a self-signed one in their place
  /// @param own keys of tickets, where the settings name no file of them
  /// @param records carries connections after their handshakes
  /// @throws BadCertificates if anything in them cannot be used
  static ReadCertificates of(
      TlsSettings from, List<CertificateSettings> files, TicketKeys own, RecordLayer records)
      throws BadCertificates {
    FileFaults faults = new FileFaults();
    ClientTrust clients = ClientTrust.read(from, faults);
    Path tickets = from.ticketKeys();
    List<OpenSslSessionTicketKey> keys =
        tickets == null ? own.own() : faults.read("tls.ticket-keys", () -> TicketKeys.of(tickets));
    Reader reader = new Reader(clients, keys == null ? List.of() : keys, records, faults);
    try {
      for (int i = 0; i < files.size(); i++) {
        reader.read("tls.certificates[" + i + "]", files.get(i));
      }
      faults.tell();
    } catch (BadCertificates | RuntimeException | Error e) {
      release(reader.served);
      throw e;
    }
    return new ReadCertificates(List.copyOf(reader.served), clients.ages(), reader.staples);
  }

  /// Reads certificate after certificate.
  private static final class Reader {
    private final ClientTrust clients;
    private final List<OpenSslSessionTicketKey> tickets;
    private final RecordLayer records;
    private final FileFaults faults;
    private final List<ServedCertificate> served = new ArrayList<>();
    private final Map<Path, Term> staples = new LinkedHashMap<>();

    Reader(
        ClientTrust clients,
        List<OpenSslSessionTicketKey> tickets,
        RecordLayer records,
        FileFaults faults) {
      this.clients = clients;
      this.tickets = tickets;
      this.records = records;
      this.faults = faults;
    }

    void read(String setting, CertificateSettings files) {
      List<X509Certificate> chain =
          faults.read(setting + ".certificate", () -> PemFiles.certificates(files.certificate()));
      PrivateKey key =
          faults.readKey(
              setting + ".key",
              files.key(),
              setting + ".passphrase-file",
              files.passphraseFile(),
              chain == null ? null : chain.getFirst());
      Path ocsp = files.ocsp();
      byte[] staple =
          ocsp == null ? null : faults.read(setting + ".ocsp", () -> OcspFile.read(ocsp));
      Term term = staple == null ? null : OcspFile.term(staple);
      if (ocsp != null && term != null) {
        staples.put(ocsp, term);
      }
      if (chain == null || key == null) {
        return;
      }
      try {
        AnyClient any = clients.any();
        SslContext context = context(key, chain, clients, any);
        served.add(new ServedCertificate(files.certificate(), chain.getFirst(), context, any));
        NativeCredential.give(context, key, chain, staple);
        TicketKeys.bind(context, chain.getFirst(), clients);
        TicketKeys.use(context, tickets);
        records.prepare(context, chain.getFirst().getPublicKey());
      } catch (SSLException | GeneralSecurityException e) {
        faults.add(setting + ".certificate", e);
      }
    }
  }

  private static SslContext context(
      PrivateKey key, List<X509Certificate> chain, ClientTrust clients, @Nullable AnyClient any)
      throws SSLException {
    SslContextBuilder builder =
        TlsRules.applyTo(SslContextBuilder.forServer(key, chain)).applicationProtocolConfig(ALPN);
    try {
      clients.applyTo(builder, any);
    } catch (GeneralSecurityException e) {
      throw new SSLException(e);
    }
    return builder.build();
  }

  /// Gives back native memory once the last connection made with it is closed.
  void release() {
    release(served);
  }

  static void release(List<ServedCertificate> certificates) {
    certificates.forEach(certificate -> ReferenceCountUtil.release(certificate.context()));
  }
}
