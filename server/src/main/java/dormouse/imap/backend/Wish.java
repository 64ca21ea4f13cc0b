package dormouse.imap.backend;

import dormouse.auth.Credentials;
import dormouse.backend.Backend;
import dormouse.backend.Priority;
import dormouse.config.PoolSettings;
import dormouse.session.Client;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// What somebody wants a backend connection for. Immutable; lives on the user's event loop.
///
/// @param user as in [Account#user]
/// @param owner as in [Account#owner]
/// @param client for whom the backend shall take it
/// @param purpose as metrics say it: `session`, `watch` or `canary`
/// @param name the user's one name, who takes turns with others at the backend's gate
/// @param credentials what would log in at a backend, for the caller to wipe; null where nothing does
/// @param standing how far who wants it has been let in
/// @param features the names that may be enabled on a connection that was kept. CONDSTORE may always be on: [BackendConnection#condstore]
public record Wish(
    String user,
    String owner,
    Client client,
    String purpose,
    Priority priority,
    String name,
    Function<Backend, @Nullable Credentials> credentials,
    Standing standing,
    Set<String> features) {

  /// How far who wants a connection has been let in, which decides whether one that was kept will do.
  public enum Standing {
    /// The client is logged in already: any.
    AGAIN,
    /// The directory has decided: one that the backend has let in no longer ago than `keep-after-logout`, or `trust-password` if that is longer.
    PROVEN,
    /// It shows what the backend decides on: one that the backend has let in by the same no longer ago than `trust-password`.
    SHOWN,
    /// It must be a new one.
    NEW;

    /// Whether there may be one that was kept which does.
    public boolean mayBeLent(PoolSettings settings) {
      return switch (this) {
        case AGAIN, PROVEN -> true;
        case SHOWN -> !settings.trustPassword().isZero();
        case NEW -> false;
      };
    }
  }
}
