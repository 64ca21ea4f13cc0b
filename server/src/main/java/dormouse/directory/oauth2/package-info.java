/// Access tokens that say who a client is, by JWT or by asking their provider. Read [OAuth2Link] first.
@NullMarked
package dormouse.directory.oauth2;

import org.jspecify.annotations.NullMarked;
