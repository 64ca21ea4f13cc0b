package dormouse.imap.sleep;

import static java.nio.charset.StandardCharsets.UTF_8;

import dormouse.imap.view.MailboxView;
import dormouse.imap.view.UidSet;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Folds objects: what of them is their own becomes numbers and texts in one array, and what many users have alike is named beside it, in
/// the same order for all, so that those who have all of it alike can share one list. Whoever is folded writes what it has, and reads it in the same order
/// from a [FoldReader].
///
/// Numbers are in 7-bit groups, the lowest first; texts and sets are behind their length; a view or a name that was written before is
/// its place among those, and shared again when it is read. Used by one thread.
public final class FoldWriter {
  private static final int USUAL_BYTES = 512;

  private byte[] out = new byte[USUAL_BYTES];
  private int length;
  private final List<Object> alike = new ArrayList<>();
  private final List<String> names = new ArrayList<>(4);
  private final List<MailboxView> views = new ArrayList<>(2);
  private Duration soonest = Duration.ofDays(1);

  public void number(long number) {
    long left = number;
    while ((left & ~0x7FL) != 0) {
      put((int) left | 0x80);
      left >>>= 7;
    }
    put((int) left);
  }

  public void flag(boolean flag) {
    put(flag ? 1 : 0);
  }

  private void put(int one) {
    room(1);
    out[length - 1] = (byte) one;
  }

  /// A text that may come more than once.
  public void name(String name) {
    int known = names.indexOf(name);
    number(known + 1L);
    if (known < 0) {
      names.add(name);
      text(name);
    }
  }

  public void text(String text) {
    bytes(text.getBytes(UTF_8));
  }

  public void bytes(byte[] bytes) {
    number(bytes.length);
    room(bytes.length);
    System.arraycopy(bytes, 0, out, length - bytes.length, bytes.length);
  }

  void uids(UidSet uids) {
    bytes(uids.encoded());
  }

  /// @param view without flags
  void view(MailboxView view) {
    int known = views.indexOf(view);
    number(known + 1L);
    if (known >= 0) {
      return;
    }
    views.add(view);
    number(view.uidValidity());
    number(view.uidNext());
    number(view.highestModSeq());
    uids(view.uids());
  }

  /// What many may have alike: it tells by [Object#equals] whether they have.
  public void alike(Object one) {
    alike.add(one);
  }

  /// Something that was waiting for its time has to be there again by then.
  public void due(Duration in) {
    soonest = in.compareTo(soonest) < 0 ? in : soonest;
  }

  /// When the first that waits for its time has to be there again; a day at most.
  public Duration soonest() {
    return soonest;
  }

  /// Leaves room for what its caller puts there itself.
  public void room(int bytes) {
    length += bytes;
    if (length > out.length) {
      out = Arrays.copyOf(out, Math.max(length, 2 * out.length));
    }
  }

  /// How many bytes there are so far.
  public int length() {
    return length;
  }

  public byte[] own() {
    return Arrays.copyOf(out, length);
  }

  public List<Object> alike() {
    return List.copyOf(alike);
  }
}
