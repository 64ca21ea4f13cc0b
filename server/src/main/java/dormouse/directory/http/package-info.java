/// An HTTP daemon that knows the users, asked as nginx's mail proxy asks. Read [HttpLink] first.
@NullMarked
package dormouse.directory.http;

import org.jspecify.annotations.NullMarked;
