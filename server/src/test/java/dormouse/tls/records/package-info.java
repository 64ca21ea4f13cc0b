@NullMarked
package dormouse.tls.records;

import org.jspecify.annotations.NullMarked;
