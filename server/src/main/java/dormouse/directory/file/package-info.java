/// Users in a file of Dormouse's own or as Dovecot's passwd-file has them. Read [FileLink] first.
@NullMarked
package dormouse.directory.file;

import org.jspecify.annotations.NullMarked;
