/// A quiet socket and its TLS in the fewest bytes; knows no protocol.
///
/// Start with [Parking], one for each event loop, then [ParkTable] and [SlotChannel].
@NullMarked
package dormouse.park;

import org.jspecify.annotations.NullMarked;
