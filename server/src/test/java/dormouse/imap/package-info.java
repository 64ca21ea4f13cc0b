@NullMarked
package dormouse.imap;

import org.jspecify.annotations.NullMarked;
