/// Something to look at in the first five minutes: two mail servers in this process, four users with
/// mail, and settings that put Dormouse in front of them. Begin with [dormouse.demo.Demo]. And what a JVM learns from for later starts: [dormouse.demo.Training].
@NullMarked
package dormouse.demo;

import org.jspecify.annotations.NullMarked;
