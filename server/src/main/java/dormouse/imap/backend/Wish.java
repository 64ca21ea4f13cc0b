package dormouse.imap.backend;

import dormouse.backend.Priority;
import dormouse.session.Client;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What somebody wants a backend connection for. Immutable.
///
/// @param user as in [Account#user]
/// @param owner as in [Account#owner]
/// @param client for whom the backend shall take it
/// @param purpose as metrics say it: `session`, `watch` or `canary`
/// @param turn who takes turns with others at the backend's gate
/// @param again whether the client is logged in already, so that a connection will do on which a master user has logged in
/// @param features the names that may be enabled on it, where a connection that was kept will do; null: it must be a new one, for
///     the backend shall decide on the login. CONDSTORE may always be on: [BackendConnection#condstore]
public record Wish(
    String user,
    String owner,
    Client client,
    String purpose,
    Priority priority,
    String turn,
    boolean again,
    @Nullable Set<String> features) {}
