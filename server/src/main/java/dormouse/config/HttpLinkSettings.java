package dormouse.config;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// An HTTP daemon that knows the users, asked by the protocol of nginx's mail proxy (`auth_http`).
///
/// @param url of the daemon
/// @param headers sent with each question, after all others, as they are (nginx: `auth_http_header`)
/// @param passClientCertificate whether the client's whole certificate is sent, too (nginx: `auth_http_pass_client_cert`)
/// @param keepAlive connections that each event loop keeps for the next question; 0: none, and HTTP/1.0 as nginx speaks it; at
///     most 1000
/// @param extended whether the daemon is told, and believed, what nginx does not know
/// @param resume whether the daemon knows `Auth-Method: resume`, by which it is asked about users who slept, without their password
/// @param ca PEM, certificates that may sign the daemon's, for `https`; none: those the JDK trusts
@Key("http")
public record HttpLinkSettings(
    @Required AuthUrl url,
    List<String> headers,
    boolean passClientCertificate,
    int keepAlive,
    boolean extended,
    boolean resume,
    @Nullable Path ca)
    implements LinkKind {
  /// Asks as nginx does. Other links of this kind take from it what they do not set, but for the URL.
  public static final HttpLinkSettings DEFAULT =
      new HttpLinkSettings(
          new AuthUrl(false, "127.0.0.1", 80, "/"), List.of(), false, 0, false, false, null);

  public HttpLinkSettings {
    headers = List.copyOf(headers);
    new Checks()
        .between("keep-alive", keepAlive, 0, 1000)
        .that(
            headers.stream().allMatch(line -> line.matches("[!-9;-~]+: ?[^\\p{Cntrl}]*")),
            "headers",
            "lines such as \"X-Auth-Key: secret\"")
        .done();
  }
}
