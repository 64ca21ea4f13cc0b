/// Something to look at in the first five minutes: two mail servers in this process, four users with
/// mail, and settings that put Dormouse in front of them. Begin with [dormouse.demo.Demo].
@NullMarked
package dormouse.demo;

import org.jspecify.annotations.NullMarked;
