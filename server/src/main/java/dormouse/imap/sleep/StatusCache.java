package dormouse.imap.sleep;

import dormouse.feed.FeedState;
import dormouse.imap.sleep.UserMailboxes.Surroundings;
import dormouse.imap.track.ClientFeatures;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What the backend last said to a user's STATUS commands, kept for whoever of the user's sessions asks again.
///
/// An answer is good as long as a feed tells of the mailbox and has told nothing, none of the user's sessions has changed
/// it or is about to ([OwnWrites]), and it is no older than `hibernate.proof-max`; all of that since before the backend was
/// asked. Whatever may have changed meanwhile makes an answer too old rather than too young; one that is too old by now is
/// said only to who had asked before the backend was.
///
/// Lives on the user's event loop.
public final class StatusCache {
  /// What the backend said.
  ///
  /// @param line the untagged response; null if there was none
  /// @param reply the tagged one without its tag
  public record Answer(@Nullable String line, String reply) {
    /// What a client hears whose command has this tag: a line or two, without the last CRLF.
    public String text(String tag) {
      return line == null ? tag + " " + reply : line + "\r\n" + tag + " " + reply;
    }

    /// The line with other values in the same places; null if one is missing.
    @Nullable String withValues(Map<String, String> values) {
      String told = line == null ? "" : line;
      int open = StatusItems.openIn(told, STATUS.length());
      Map<String, String> items = StatusItems.parse(told.substring(open));
      Map<String, String> next = new LinkedHashMap<>(items);
      next.replaceAll((item, _) -> values.getOrDefault(item, ""));
      boolean same = StatusItems.text(items).equals(told.substring(open));
      return !same || next.containsValue("")
          ? null
          : told.substring(0, open) + StatusItems.text(next);
    }
  }

  private record Kept(StatusQuery query, Answer answer, Proof proof) {
    int bytes() {
      return OVERHEAD_BYTES
          + query.key().length()
          + query.mailbox().length()
          + Objects.requireNonNull(answer.line(), "refusals are not kept").length()
          + answer.reply().length();
    }
  }

  /// A STATUS that the backend was asked and has not answered yet. Must be [#answered], [#failed] or [#over] once.
  public final class Asked {
    private final StatusQuery query;
    private final Proof since;
    private final Set<Runnable> waiting = new LinkedHashSet<>(2);
    private boolean late;

    private Asked(StatusQuery query) {
      this.query = query;
      this.since = proof(query.mailbox());
    }

    public StatusQuery query() {
      return query;
    }

    /// The backend has said this.
    public void answered(Answer answer) {
      keep(new Kept(query, answer, since));
      over();
    }

    /// The backend has refused, or there is no answer to keep.
    public void failed() {
      over();
    }

    /// What there is to keep is kept.
    void over() {
      asked.remove(query.key(), this);
      letGo();
    }

    /// Whoever waits looks again: the answer is there, or it takes too long, as where the client it is for does not read.
    private void letGo() {
      late = true;
      waiting.forEach(one -> in.loop().execute(one));
      waiting.clear();
    }
  }

  private static final String STATUS = "* STATUS ";
  private static final Duration PATIENCE = Duration.ofSeconds(1); // then one asks oneself
  private static final int OVERHEAD_BYTES = 400; // objects around the characters

  private @Nullable Changes changes; // null while the user is folded
  private final Surroundings in;
  private final Map<String, Kept> kept = new LinkedHashMap<>(4, 0.75f, /* accessOrder= */ true);
  private final Map<String, Asked> asked = new HashMap<>(4);
  private int bytes;

  StatusCache(Changes changes, Surroundings in) {
    this.changes = changes;
    this.in = in;
  }

  /// Whether nothing is kept.
  boolean isEmpty() {
    return kept.isEmpty();
  }

  /// Whether the backend is asked nothing.
  boolean rests() {
    return asked.isEmpty();
  }

  /// The user's changes are known to this object now; null: it is folded.
  void of(@Nullable Changes now) {
    changes = now;
  }

  private Changes changes() {
    return Objects.requireNonNull(changes, "folded");
  }

  /// Whether it makes sense to ask here at all.
  public boolean inUse() {
    return in.room().perUserBytes() > 0 && changes().feeds().state() == FeedState.UP;
  }

  /// As [StatusQuery#of], which is not read again where the answer to these words is kept.
  public @Nullable StatusQuery query(String arguments, ClientFeatures features) {
    Kept known = kept.get(StatusQuery.key(arguments, features.names()));
    return known == null ? StatusQuery.of(arguments, features) : known.query();
  }

  /// The answer that is good now, or null.
  public @Nullable Answer find(StatusQuery query) {
    Kept found = kept.get(query.key());
    return found != null && isGood(found) ? found.answer() : null;
  }

  /// The answer that is good now, or was asked for no sooner than this: whatever has changed meanwhile, who asked then may
  /// hear it. Null if there is neither.
  public @Nullable Answer find(StatusQuery query, Proof since) {
    Kept found = kept.get(query.key());
    return found != null && (isGood(found) || found.proof().isNotBefore(since))
        ? found.answer()
        : null;
  }

  /// Why there is no good answer now.
  public StatusOutcome whyNot(StatusQuery query) {
    Kept found = kept.get(query.key());
    if (changes().heard(query.mailbox()) != FeedState.UP) {
      return StatusOutcome.UNHEARD;
    }
    if (changes().writes().mayChange(query.mailbox())) {
      return StatusOutcome.OWN_WRITE;
    }
    if (found == null) {
      return StatusOutcome.UNKNOWN;
    }
    return isCurrent(query, found.proof()) ? StatusOutcome.EXPIRED : StatusOutcome.CHANGED;
  }

  private boolean isGood(Kept found) {
    return isCurrent(found.query(), found.proof())
        && found.proof().isYoungerThan(in.settings().proofMax(), in.wheel().millis());
  }

  /// Whether nothing was heard since that would make an answer too old.
  private boolean isCurrent(StatusQuery query, Proof since) {
    return changes().heard(query.mailbox()) == FeedState.UP
        && changes().epochs().of(query.mailbox()) == since.epoch()
        && !changes().writes().mayChange(query.mailbox());
  }

  /// As [Changes#proof].
  public Proof proof(String mailbox) {
    return changes().proof(mailbox);
  }

  /// Waits for an answer that another has asked for, if that can be expected to be good.
  ///
  /// @param then run when it is there, or will not come; [#find] tells
  /// @return whether there is something to wait for
  public boolean await(StatusQuery query, Runnable then) {
    Asked other = asked.get(query.key());
    if (other == null || other.late || !isCurrent(query, other.since)) {
      return false;
    }
    if (other.waiting.isEmpty()) {
      in.wheel().after(PATIENCE, other::letGo);
    }
    other.waiting.add(then);
    return true;
  }

  /// The backend is going to be asked.
  public Asked ask(StatusQuery query) {
    Asked one = new Asked(query);
    asked.put(query.key(), one);
    return one;
  }

  /// What is too old by now is kept too, to be asked for with all the others that are ([StatusRefresh]).
  private void keep(Kept one) {
    Kept before = kept.get(one.query().key());
    if (before != null && !one.proof().isNotBefore(before.proof())) {
      return; // who asked later has been answered sooner
    }
    if (before != null) {
      kept.remove(one.query().key());
      give(before);
    }
    if (changes().heard(one.query().mailbox()) != FeedState.UP) {
      return;
    }
    if (before != null
        && before.proof().epoch() == one.proof().epoch()
        && isCurrent(one.query(), one.proof())
        && !before.answer().equals(one.answer())) {
      changes().feeds().missed();
    }
    while (bytes + one.bytes() > in.room().perUserBytes() && !kept.isEmpty()) {
      dropEldest();
    }
    if (bytes + one.bytes() <= in.room().perUserBytes() && in.room().take(one.bytes())) {
      bytes += one.bytes();
      kept.put(one.query().key(), one);
    }
  }

  private void dropEldest() {
    String eldest = kept.keySet().iterator().next();
    Kept dropped = kept.remove(eldest);
    if (dropped != null) {
      give(dropped);
    }
    in.room().crowded();
  }

  private void give(Kept one) {
    bytes -= one.bytes();
    in.room().give(one.bytes());
  }

  /// What was asked and has answers that may be old, by clients who take names in modified UTF-7; lately asked first. A name
  /// with wildcards cannot be asked for with others.
  ///
  /// @param modSeqs whether also what asks for mod-sequences
  List<StatusQuery> stale(boolean modSeqs) {
    List<StatusQuery> found = new ArrayList<>();
    for (Kept one : kept.values()) {
      StatusQuery query = one.query();
      if (query.names() == 0
          && (modSeqs || !query.asksForModSeq())
          && query.mailbox().chars().noneMatch(c -> c == '*' || c == '%')
          && changes().heard(query.mailbox()) == FeedState.UP
          && !changes().writes().mayChange(query.mailbox())
          && !isGood(one)) {
        found.add(query);
      }
    }
    return found.reversed();
  }

  /// Puts new values into what is kept of a mailbox; what has none goes.
  ///
  /// @param values by item
  /// @param since before they were asked for
  void refresh(String mailbox, Map<String, String> values, Proof since) {
    if (changes == null) {
      return; // an answer that nobody waits for any more
    }
    List<Kept> all =
        kept.values().stream()
            .filter(one -> one.query().mailbox().equals(mailbox))
            .filter(one -> !isGood(one) && !one.proof().isNotBefore(since))
            .toList();
    for (Kept one : all) {
      if (!kept.remove(one.query().key(), one)) {
        continue; // it made room for another of them
      }
      give(one);
      String line = one.answer().withValues(values);
      if (line != null) {
        keep(new Kept(one.query(), new Answer(line, one.answer().reply()), since));
      }
    }
  }

  /// Forgets all.
  void clear() {
    kept.values().forEach(this::give);
    kept.clear();
  }
}
