package dormouse.imap.backend;

import dormouse.auth.Credentials;
import dormouse.backend.Backend;
import dormouse.backend.Priority;
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
/// @param turn who takes turns with others at the backend's gate
/// @param credentials what would log in at a backend, for the caller to wipe; null where nothing does
/// @param again whether the client is logged in already; else it is not lent what the backend accepted longer ago than `keep-after-logout`
/// @param features the names that may be enabled on it, where a connection that was kept will do; null: it must be a new one, for
///     the backend shall decide on the login. CONDSTORE may always be on: [BackendConnection#condstore]
public record Wish(
    String user,
    String owner,
    Client client,
    String purpose,
    Priority priority,
    String turn,
    Function<Backend, @Nullable Credentials> credentials,
    boolean again,
    @Nullable Set<String> features) {}
