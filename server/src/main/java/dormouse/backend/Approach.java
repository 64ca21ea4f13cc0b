package dormouse.backend;

import dormouse.config.BackendMechanism;
import dormouse.config.TokenMechanism;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// How a user's backends are come to, as far as the directory says; what it does not say is as in the backend's settings. Immutable.
///
/// @param timeout for connection, TLS and login together (Dovecot: `proxy_timeout`)
/// @param mechanism by which the user is logged in (Dovecot: `proxy_mech`)
/// @param tokens by which the client's access token is shown to them, if it has one (`proxy_mech` too)
/// @param source the address of this machine from which connections come (Dovecot: `source_ip`)
/// @param untold whether they are told nothing of the client by ID, though the settings trust them (Dovecot: `proxy_not_trusted`)
public record Approach(
    @Nullable Duration timeout,
    @Nullable BackendMechanism mechanism,
    @Nullable TokenMechanism tokens,
    @Nullable InetAddress source,
    boolean untold) {
  /// As the backends' settings say.
  public static final Approach USUAL = new Approach(null, null, null, null, false);

  /// Whether a backend is told by ID who the client is.
  public boolean tells(Backend backend) {
    return backend.settings().trusted() && !untold;
  }

  /// By which a backend is shown a client's access token.
  public TokenMechanism tokens(Backend backend) {
    return Objects.requireNonNullElse(tokens, backend.settings().tokenMechanism());
  }

  /// Whether it is shown that at all.
  public boolean showsTokens(Backend backend) {
    return tokens(backend) != TokenMechanism.NONE;
  }

  /// The same as one object for all who have nothing of their own.
  public Approach shared() {
    return equals(USUAL) ? USUAL : this;
  }
}
