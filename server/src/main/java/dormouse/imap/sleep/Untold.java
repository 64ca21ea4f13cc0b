package dormouse.imap.sleep;

import dormouse.imap.track.FetchLine;
import dormouse.imap.track.Kind;
import dormouse.imap.track.ResponseLine;
import dormouse.imap.view.FlagMap;
import dormouse.imap.view.UidSet;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// What a backend has told of a mailbox while its client could not be told. The client's view is that of before, and can
/// be had from what was read since: the news come out of the difference later, when the client may hear them.
///
/// Lives on the user's event loop.
final class Untold {
  private final long toldExists;
  private final List<ResponseLine> lines = new ArrayList<>();
  private long exists;

  /// @param toldExists how many messages the client has been told of
  Untold(long toldExists) {
    this.toldExists = toldExists;
    this.exists = toldExists;
  }

  void hear(ResponseLine line) {
    lines.add(line);
    switch (line.kind()) {
      case EXISTS -> exists = line.number();
      case EXPUNGE -> exists--;
      case VANISHED -> exists -= vanished(line).size();
      default -> {}
    }
  }

  private static UidSet vanished(ResponseLine line) {
    UidSet gone = line.data().startsWith("(") ? UidSet.EMPTY : UidSet.parse(line.data().trim());
    return gone == null ? UidSet.EMPTY : gone;
  }

  /// How many messages the connection has been told of.
  long exists() {
    return exists;
  }

  /// How many lines were heard.
  int size() {
    return lines.size();
  }

  /// Whether the client has missed nothing.
  boolean isEmpty() {
    return lines.stream().noneMatch(Untold::isNews);
  }

  private static boolean isNews(ResponseLine line) {
    return switch (line.kind()) {
      case EXISTS, EXPUNGE, VANISHED, FETCH, RECENT, FLAGS -> true;
      default -> false;
    };
  }

  private static boolean moves(ResponseLine line) {
    return switch (line.kind()) {
      case EXISTS, EXPUNGE, VANISHED -> true;
      default -> false;
    };
  }

  /// Whether messages became `\Recent` to the connection.
  boolean tellsRecent() {
    return lines.stream().anyMatch(line -> line.kind() == Kind.RECENT && line.number() > 0);
  }

  /// Tells it all after all.
  void tell(Consumer<ResponseLine> client) {
    lines.stream().filter(Untold::isNews).forEach(client);
  }

  /// The messages as the client knows them. Of one that went unseen only its place is known: it gets a UID that fits
  /// there, and that no other message has.
  ///
  /// @param now the messages as they were when so many lines were heard
  /// @return null if the two do not agree
  @Nullable UidSet before(UidSet now, int heard) {
    List<Integer> places =
        new ArrayList<>(); // of the messages now, as the client counts; 0 if it does not know it
    for (int place = 1; place <= toldExists; place++) {
      places.add(place);
    }
    UidSet vanished = UidSet.EMPTY;
    long names = 0; // of those that vanished
    long came = 0;
    for (ResponseLine line : lines.subList(0, heard)) {
      switch (line.kind()) {
        case EXISTS -> {
          came += Math.max(0, line.number() - (toldExists + came - names));
          while (places.size() < line.number()) {
            places.add(0);
          }
        }
        case EXPUNGE -> {
          if (line.number() < 1 || line.number() > places.size()) {
            return null;
          }
          places.subList((int) line.number() - 1, (int) line.number()).clear();
        }
        case VANISHED -> {
          UidSet gone = vanished(line);
          vanished = vanished.union(gone);
          names += gone.size();
        }
        default -> {}
      }
    }
    if (names != vanished.size()) {
      return null; // one cannot vanish twice
    }
    return vanished.isEmpty() ? filledUp(now, places) : joined(now, vanished, came);
  }

  private @Nullable UidSet filledUp(UidSet now, List<Integer> places) {
    if (places.size() != now.size()) {
      return null;
    }
    UidSet.Builder known = UidSet.builder();
    var uids = now.iterator();
    long last = 0;
    int place = 1;
    for (int here : places) {
      long uid = uids.nextLong();
      if (here == 0) {
        break; // from here on the client knows none
      }
      for (; place < here; place++) {
        known.add(++last);
      }
      if (uid <= last) {
        return null;
      }
      known.add(uid);
      last = uid;
      place++;
    }
    for (; place <= toldExists; place++) {
      known.add(++last);
    }
    return known.build();
  }

  /// The lowest UIDs of those that are there and those that went: what came meanwhile, and may be gone already, has higher ones.
  private @Nullable UidSet joined(UidSet now, UidSet vanished, long came) {
    UidSet all = now.union(vanished);
    boolean agrees =
        all.size() == toldExists + came && all.size() == (long) vanished.size() + now.size();
    return agrees ? all.head((int) toldExists) : null;
  }

  /// Up to which mod-sequence the client has been told of every change. Where messages came or went that is less than the
  /// mailbox's, even if no flags changed: else a mailbox with as many messages and that mod-sequence would pass for the view.
  ///
  /// @param highest the mailbox's, from before its news were asked for
  /// @param proven one up to which that is so in any case; 0 if none is known
  long watermark(long highest, long proven) {
    long watermark = highest;
    for (ResponseLine line : lines) {
      if (moves(line)) {
        watermark = Math.min(watermark, highest - 1);
      }
      if (line.kind() != Kind.FETCH) {
        continue;
      }
      FetchLine fetch = FetchLine.parse(line);
      if (fetch == null || fetch.modseq() == 0) {
        return Math.clamp(proven, 1, highest);
      }
      watermark = Math.min(watermark, fetch.modseq() - 1);
    }
    return Math.max(watermark, 1);
  }

  /// Takes out of `flags` what the client may not know.
  ///
  /// @param now the messages as the connection counts them before any of these lines moves a number
  void forgetFlags(FlagMap.Builder flags, UidSet now) {
    boolean moved = false;
    for (ResponseLine line : lines) {
      moved |= line.kind() == Kind.EXPUNGE;
      if (line.kind() != Kind.FETCH) {
        continue;
      }
      FetchLine fetch = FetchLine.parse(line);
      if (fetch != null && fetch.uid() > 0) {
        flags.forget(fetch.uid());
      } else if (fetch != null && !moved && fetch.seq() <= now.size()) {
        flags.forget(now.uidAt((int) fetch.seq()));
      } else {
        now.iterator().forEachRemaining((Consumer<Long>) flags::forget);
      }
    }
  }
}
