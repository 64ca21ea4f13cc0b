/// Who the client says it is, and what was made of it.
///
/// [Credentials] go in, a [LoginResult] comes out; [dormouse.directory.password.SealedPassword] keeps a password for a session that must log in again.
@NullMarked
package dormouse.auth;

import org.jspecify.annotations.NullMarked;
