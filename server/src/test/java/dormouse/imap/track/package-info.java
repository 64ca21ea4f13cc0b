@NullMarked
package dormouse.imap.track;

import org.jspecify.annotations.NullMarked;
