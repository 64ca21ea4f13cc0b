@NullMarked
package dormouse.directory.sql;

import org.jspecify.annotations.NullMarked;
