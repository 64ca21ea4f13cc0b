@NullMarked
package dormouse.imap.compress;

import org.jspecify.annotations.NullMarked;
