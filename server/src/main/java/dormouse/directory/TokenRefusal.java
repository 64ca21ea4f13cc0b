package dormouse.directory;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What a client is told before the NO whose token is refused, as JSON: it may then get itself another (RFC 7628 §3.2.2). Immutable.
///
/// @param reason why
/// @param scopes that a token must have; empty says nothing of them
/// @param openidConfiguration URL at which a client finds out where tokens are to be had; null says nothing of it
public record TokenRefusal(
    Reason reason, List<String> scopes, @Nullable String openidConfiguration) {
  private static final JsonFactory JSON = new JsonFactory();

  /// Why a token is refused: an error code of RFC 6750 §3.1 in lower case.
  public enum Reason {
    /// Expired, not genuine, of somebody else, for somebody else: which of them is not told.
    INVALID_TOKEN,
    /// Good, but not for this.
    INSUFFICIENT_SCOPE
  }

  /// Of which nothing is known but that it is refused.
  public static final TokenRefusal INVALID =
      new TokenRefusal(Reason.INVALID_TOKEN, List.of(), null);

  public TokenRefusal {
    scopes = List.copyOf(scopes);
  }

  /// @param mechanism as [Attempt#mechanism]: XOAUTH2 has status codes of HTTP
  public String json(String mechanism) {
    var text = new StringWriter();
    try (JsonGenerator json = JSON.createGenerator(text)) {
      json.writeStartObject();
      json.writeStringField("status", status(mechanism));
      json.writeStringField("schemes", "bearer");
      if (!scopes.isEmpty()) {
        json.writeStringField("scope", String.join(" ", scopes));
      }
      if (openidConfiguration != null) {
        json.writeStringField("openid-configuration", openidConfiguration);
      }
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e); // a StringWriter throws none
    }
    return text.toString();
  }

  private String status(String mechanism) {
    boolean http = mechanism.equals("XOAUTH2");
    return switch (reason) {
      case INVALID_TOKEN -> http ? "401" : "invalid_token";
      case INSUFFICIENT_SCOPE -> http ? "403" : "insufficient_scope";
    };
  }
}
