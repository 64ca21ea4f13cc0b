@NullMarked
package dormouse.directory.ldap;

import org.jspecify.annotations.NullMarked;
