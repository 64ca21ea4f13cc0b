/// Passwords as directories store them, and whether what a client shows is one of them. Read [StoredPassword] first.
@NullMarked
package dormouse.directory.password;

import org.jspecify.annotations.NullMarked;
