package dormouse.imap.sleep;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What the backend last said to a user's LIST and LSUB commands, kept for whoever of the user's sessions asks the same again.
///
/// A list tells of all mailboxes, also whether one has new mail (`\Marked`). So it is good only as long as nothing at all was
/// heard of, and none of the user's sessions has changed anything; and only where the user sees nobody else's mailboxes, of which
/// no feed tells. No older than `hibernate.proof-max`.
///
/// Lives on the user's event loop.
public final class ListCache {
  /// Whole answers.
  ///
  /// @param lines the untagged responses
  /// @param reply the tagged one without its tag
  private record Kept(List<String> lines, String reply, Proof proof, int bytes) {}

  /// A command that the backend was asked and has not answered yet.
  public final class Asked {
    private final String command;
    private final Proof since;
    private final List<String> lines = new ArrayList<>();
    private int bytes;
    private boolean failed;

    private Asked(String command) {
      this.command = command;
      this.since = proof();
    }

    /// An untagged response to it.
    public void hear(String line) {
      bytes += line.length() + OVERHEAD_BYTES;
      if (bytes > room.perUserBytes()) {
        failed = true;
        lines.clear();
      } else {
        lines.add(line);
      }
    }

    /// Something came that may belong to it and was not read, or that may have changed what it tells.
    public void spoil() {
      failed = true;
    }

    /// The backend has said OK.
    public void answered(String reply) {
      if (!failed && isCurrent(since)) {
        keep(command, new Kept(lines, reply, since, bytes + command.length() + reply.length()));
      }
    }
  }

  private static final int OVERHEAD_BYTES = 60; // of a line

  private final UserMailboxes home;
  private final StatusRoom room;
  private final Map<String, Kept> kept = new LinkedHashMap<>(4);
  private int bytes;

  /// @param room shared by all users, and with what is kept of STATUS
  ListCache(UserMailboxes home, StatusRoom room) {
    this.home = home;
    this.room = room;
  }

  /// What the client hears whose command has this tag, if that is known; else null.
  ///
  /// @param command with its arguments, and how the client takes names
  public @Nullable List<String> find(String command, String tag) {
    Kept found = kept.get(command);
    if (found == null
        || !isCurrent(found.proof())
        || !found.proof().at().plus(home.settings().proofMax()).isAfter(home.clock().instant())) {
      return null;
    }
    List<String> lines = new ArrayList<>(found.lines());
    lines.add(tag + " " + found.reply());
    return lines;
  }

  /// The backend is going to be asked.
  public Asked ask(String command) {
    return new Asked(command);
  }

  private boolean isCurrent(Proof since) {
    return home.hearsOfAll()
        && home.epochs().last() == since.epoch()
        && !home.writes().mayChangeAny();
  }

  private Proof proof() {
    return new Proof(home.epochs().last(), home.clock().instant());
  }

  private void keep(String command, Kept one) {
    forgetOld();
    Kept before = kept.remove(command);
    if (before != null) {
      give(before);
    }
    if (bytes + one.bytes() <= room.perUserBytes() && room.take(one.bytes())) {
      bytes += one.bytes();
      kept.put(command, one);
    }
  }

  /// One change makes all old at once.
  private void forgetOld() {
    kept.values()
        .removeIf(one -> {
          boolean old = !isCurrent(one.proof());
          if (old) {
            give(one);
          }
          return old;
        });
  }

  private void give(Kept one) {
    bytes -= one.bytes();
    room.give(one.bytes());
  }

  /// Forgets all.
  void clear() {
    kept.values().forEach(this::give);
    kept.clear();
  }
}
