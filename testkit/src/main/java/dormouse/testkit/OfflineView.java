package dormouse.testkit;

import java.util.Set;
import java.util.SortedMap;
import java.util.stream.Collectors;

/// What a client with QRESYNC keeps of a mailbox that it does not have selected. Immutable.
///
/// @param highestModseq all changes up to it are in `messages`: so the server said
/// @param messages flags by UID
record OfflineView(long uidValidity, long highestModseq, SortedMap<Long, Set<String>> messages) {
  /// The parameters of SELECT (RFC 7162 §3.2.5).
  String parameters() {
    String uids =
        messages.keySet().stream().map(uid -> Long.toString(uid)).collect(Collectors.joining(","));
    return "(QRESYNC ("
        + uidValidity
        + " "
        + highestModseq
        + (uids.isEmpty() ? "" : " " + uids)
        + "))";
  }
}
