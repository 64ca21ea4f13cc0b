@NullMarked
package dormouse.directory.file;

import org.jspecify.annotations.NullMarked;
