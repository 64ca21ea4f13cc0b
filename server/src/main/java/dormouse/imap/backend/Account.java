package dormouse.imap.backend;

import dormouse.backend.Backend;

/// Whose mail it is, and who reads it: a login at a backend. A backend whose settings were changed is another. Immutable.
///
/// @param user whose credentials the client's login has at the backend
/// @param owner whose mailboxes they are; they are not the user's own when that logs in for another
public record Account(Backend backend, String user, String owner) {}
