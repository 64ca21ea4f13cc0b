@NullMarked
package dormouse.imap.backend;

import org.jspecify.annotations.NullMarked;
