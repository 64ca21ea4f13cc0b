package dormouse.imap.sleep;

import dormouse.imap.sleep.UserMailboxes.Surroundings;
import dormouse.imap.track.ResponseLine;
import dormouse.imap.track.SelectedMailbox;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// What the backend last said to a user's LIST, LSUB and NAMESPACE commands, kept for whoever of the user's sessions asks the same
/// again.
///
/// A list tells of all mailboxes, also whether one has new mail (`\Marked`, or its STATUS). So it is good only as long as nothing
/// at all was heard of, and none of the user's sessions has changed anything; and only where the user sees nobody else's mailboxes,
/// of which no feed tells. No older than `hibernate.proof-max`. NAMESPACE is good as long as the backend is the same.
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
    private final ListQuery query;
    private final Proof since;
    private final Namespaces namespaces = changes().namespaces(); // of the server that is asked
    private final int generation = now;
    private final List<String> lines = new ArrayList<>();
    private int bytes;
    private boolean failed;

    private Asked(ListQuery query) {
      this.query = query;
      this.since = proof();
    }

    /// An untagged response came; returns whether it is a part of the answer.
    public boolean hears(ResponseLine line) {
      if (!query.isAnsweredBy(line)) {
        failed |= line.kind().isStatus(); // it may say that the answer is not whole
        return false;
      }
      namespaces.hear(line, query.names() != 0);
      bytes += line.text().length() + OVERHEAD_BYTES;
      if (bytes > in.room().perUserBytes()) {
        failed = true;
        lines.clear();
      } else {
        lines.add(line.text());
      }
      return true;
    }

    /// Something came that may belong to it and was not read, or that may have changed what it tells.
    public void spoil() {
      failed = true;
    }

    /// The backend has said OK.
    ///
    /// @param here the mailbox that the client has selected
    public void answered(String reply, @Nullable SelectedMailbox here) {
      if (!failed
          && generation == now
          && isCurrent(query, since)
          && !query.tellsStatusOf(lines, here)) {
        int size = bytes + query.command().length() + reply.length();
        keep(query, new Kept(lines, reply, since, size));
      }
    }
  }

  private static final int OVERHEAD_BYTES = 60; // of a line

  private @Nullable Changes changes; // null while the user is folded
  private final Surroundings in;
  private final Map<ListQuery, Kept> kept = new LinkedHashMap<>(4);
  private int bytes;
  private int now; // how often all was forgotten

  ListCache(Changes changes, Surroundings in) {
    this.changes = changes;
    this.in = in;
  }

  /// Whether nothing is kept.
  boolean isEmpty() {
    return kept.isEmpty();
  }

  /// The user's changes are known to this object now; null: it is folded.
  void of(@Nullable Changes now) {
    changes = now;
  }

  private Changes changes() {
    return Objects.requireNonNull(changes, "folded");
  }

  /// What the client hears whose command has this tag, if that is known; else null.
  ///
  /// @param here the mailbox that it has selected
  public @Nullable List<String> find(ListQuery query, String tag, @Nullable SelectedMailbox here) {
    Kept found = kept.get(query);
    if (found == null
        || !isGood(query, found.proof())
        || query.tellsStatusOf(found.lines(), here)) {
      return null;
    }
    List<String> lines = new ArrayList<>(found.lines());
    lines.add(tag + " " + found.reply());
    return lines;
  }

  /// The backend is going to be asked.
  public Asked ask(ListQuery query) {
    return new Asked(query);
  }

  private boolean isGood(ListQuery query, Proof since) {
    return query.lasts()
        || (isCurrent(query, since)
            && since.isYoungerThan(in.settings().proofMax(), in.wheel().millis()));
  }

  private boolean isCurrent(ListQuery query, Proof since) {
    return query.lasts()
        || (changes().hearsOfAll()
            && changes().epochs().last() == since.epoch()
            && !changes().writes().mayChangeAny());
  }

  private Proof proof() {
    return new Proof(changes().epochs().last(), in.wheel().millis());
  }

  private void keep(ListQuery query, Kept one) {
    forgetOld();
    Kept before = kept.remove(query);
    if (before != null) {
      give(before);
    }
    if (bytes + one.bytes() <= in.room().perUserBytes() && in.room().take(one.bytes())) {
      bytes += one.bytes();
      kept.put(query, one);
    }
  }

  /// One change makes all old at once.
  private void forgetOld() {
    kept.entrySet()
        .removeIf(one -> {
          boolean old = !isCurrent(one.getKey(), one.getValue().proof());
          if (old) {
            give(one.getValue());
          }
          return old;
        });
  }

  private void give(Kept one) {
    bytes -= one.bytes();
    in.room().give(one.bytes());
  }

  /// Forgets all, and what is being asked.
  void clear() {
    now++;
    kept.values().forEach(this::give);
    kept.clear();
  }
}
