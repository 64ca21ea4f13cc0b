/// The PROXY protocol, versions 1 and 2: what a proxy says of a client before the client's own first byte. Knows bytes, no
/// channels. Start with [ProxyHeader].
///
/// Source: HAProxy, `doc/proxy-protocol.txt`.
@NullMarked
package dormouse.proxy;

import org.jspecify.annotations.NullMarked;
