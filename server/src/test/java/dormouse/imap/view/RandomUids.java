package dormouse.imap.view;

import java.util.NavigableSet;
import java.util.Random;
import java.util.TreeSet;

/// Makes mailboxes of many shapes, the same ones for the same seed.
final class RandomUids {
  private final Random random;

  RandomUids(long seed) {
    this.random = new Random(seed);
  }

  /// Up to 300 UIDs: none, one, dense, sparse, in bursts, from 1 or up to the last there is.
  NavigableSet<Long> set() {
    var uids = new TreeSet<Long>();
    int wanted = random.nextInt(4) == 0 ? random.nextInt(3) : random.nextInt(300);
    long uid = random.nextInt(3) == 0 ? 0 : random.nextInt(1 << random.nextInt(31));
    int widest = 1 << random.nextInt(20);
    while (uids.size() < wanted) {
      uid += random.nextInt(3) == 0 ? 1 + random.nextInt(widest) : 1;
      uids.add(uid);
    }
    if (random.nextInt(8) == 0) {
      uids.add(1L);
    }
    if (random.nextInt(8) == 0) {
      uids.add(UidSet.MAX_UID);
      uids.add(UidSet.MAX_UID - random.nextInt(3));
    }
    return uids;
  }

  /// What becomes of a mailbox: some messages gone, from none to all, and some come with UIDs above.
  NavigableSet<Long> later(NavigableSet<Long> uids) {
    var later = new TreeSet<>(uids);
    int goneOf100 = random.nextInt(3) == 0 ? 0 : random.nextInt(101);
    later.removeIf(_ -> random.nextInt(100) < goneOf100);
    long uid = uids.isEmpty() ? random.nextInt(10) : uids.last();
    for (int come = random.nextInt(3) == 0 ? 0 : random.nextInt(40); come > 0; come--) {
      uid += 1 + random.nextInt(random.nextBoolean() ? 1 : 5);
      if (uid <= UidSet.MAX_UID) {
        later.add(uid);
      }
    }
    return later;
  }

  Random random() {
    return random;
  }

  static UidSet uidSet(NavigableSet<Long> uids) {
    return UidSet.of(uids.stream().mapToLong(uid -> uid).toArray());
  }
}
