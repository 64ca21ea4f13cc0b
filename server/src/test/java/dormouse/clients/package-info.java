/// Mail programs as people use them, through Dormouse before a real Dovecot.
@NullMarked
package dormouse.clients;

import org.jspecify.annotations.NullMarked;
