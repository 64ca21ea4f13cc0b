/// The load client: many IMAP clients on few threads, which weigh every byte that they hear. It shares no code with the product.
/// [Load] opens them, [Client] is one, [Check] says what it may hear, [ClosedLoop] and [OpenLoop] drive them.
@NullMarked
package dormouse.bench.load;

import org.jspecify.annotations.NullMarked;
