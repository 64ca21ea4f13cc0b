package dormouse.imap.sleep;

import static java.nio.charset.StandardCharsets.UTF_8;

import dormouse.imap.view.MailboxView;
import dormouse.imap.view.UidSet;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;

/// Reads what a [FoldWriter] has written, in the same order. Used by one thread.
public final class FoldReader {
  private final byte[] own;
  private final Iterator<Object> alike;
  private final List<String> names = new ArrayList<>(4);
  private final List<MailboxView> views = new ArrayList<>(2);
  private int at;

  /// @param at where in its own it begins
  public FoldReader(byte[] own, int at, List<Object> alike) {
    this.own = own;
    this.at = at;
    this.alike = alike.iterator();
  }

  public long number() {
    long number = 0;
    for (int shift = 0; ; shift += 7) {
      byte b = own[at++];
      number |= (b & 0x7FL) << shift;
      if (b >= 0) {
        return number;
      }
    }
  }

  /// Leaves out so many bytes.
  public void skip(int bytes) {
    at += bytes;
  }

  public boolean flag() {
    return own[at++] != 0;
  }

  public String name() {
    int known = (int) number();
    if (known > 0) {
      return names.get(known - 1);
    }
    String name = text();
    names.add(name);
    return name;
  }

  public String text() {
    int length = (int) number();
    at += length;
    return new String(own, at - length, length, UTF_8);
  }

  public byte[] bytes() {
    int length = (int) number();
    at += length;
    return Arrays.copyOfRange(own, at - length, at);
  }

  UidSet uids() {
    return UidSet.ofEncoded(bytes());
  }

  MailboxView view() {
    int known = (int) number();
    if (known > 0) {
      return views.get(known - 1);
    }
    MailboxView view = new MailboxView(number(), number(), number(), uids(), null);
    views.add(view);
    return view;
  }

  /// Texts that many have alike.
  @SuppressWarnings("unchecked") // they were when they were written
  List<String> texts() {
    return (List<String>) alike(List.class);
  }

  public <T> T alike(Class<T> type) {
    return type.cast(alike.next());
  }
}
