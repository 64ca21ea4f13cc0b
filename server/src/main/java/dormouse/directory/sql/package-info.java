/// A database that knows the users. Read [SqlLink] first.
@NullMarked
package dormouse.directory.sql;

import org.jspecify.annotations.NullMarked;
