/// Tests of the settings.
@NullMarked
package dormouse.config;

import org.jspecify.annotations.NullMarked;
