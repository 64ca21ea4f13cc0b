@NullMarked
package dormouse.feed;

import org.jspecify.annotations.NullMarked;
