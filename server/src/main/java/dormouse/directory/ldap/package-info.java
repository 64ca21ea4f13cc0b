/// An LDAP directory that knows the users. Read [LdapLink] first.
@NullMarked
package dormouse.directory.ldap;

import org.jspecify.annotations.NullMarked;
