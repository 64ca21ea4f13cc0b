@NullMarked
package dormouse.imap.sleep;

import org.jspecify.annotations.NullMarked;
