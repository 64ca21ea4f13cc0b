package dormouse.imap.sleep;

import dormouse.backend.Backend;
import dormouse.imap.backend.BackendConnection;
import dormouse.imap.view.MailboxView;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// What is kept of a backend's answers to a user's commands, and who asks for more in the name of those who sleep. Of each kind there is
/// something once a client has asked for it.
///
/// Lives on the user's event loop.
public final class Answers {
  /// What stays as it is while the rest is folded.
  public record Beside(@Nullable StatusCache statuses, @Nullable ListCache lists) {}

  private final UserMailboxes home;
  private @Nullable StatusCache statuses;
  private @Nullable ListCache lists;
  private @Nullable SelectCache selects;
  private @Nullable StatusDesk desk;

  Answers(UserMailboxes home) {
    this.home = home;
  }

  /// Whether the backend is asked nothing, and all can be [#fold]ed.
  boolean rests() {
    return (statuses == null || statuses.rests())
        && (selects == null || selects.folds())
        && (desk == null || desk.rests());
  }

  /// Returns what stays as it is; null if nothing does.
  @Nullable Beside fold(FoldWriter out) {
    out.flag(selects != null);
    if (selects != null) {
      selects.fold(out);
    }
    StatusCache ofStatus = statuses == null || statuses.isEmpty() ? null : statuses;
    ListCache ofLists = lists == null || lists.isEmpty() ? null : lists;
    if (ofStatus != null) {
      ofStatus.of(null);
    }
    if (ofLists != null) {
      ofLists.of(null);
    }
    return ofStatus == null && ofLists == null ? null : new Beside(ofStatus, ofLists);
  }

  void unfold(FoldReader from, @Nullable Beside beside) {
    if (from.flag()) {
      selects().unfold(from);
    }
    statuses = beside == null ? null : beside.statuses();
    lists = beside == null ? null : beside.lists();
    if (statuses != null) {
      statuses.of(home.changes());
    }
    if (lists != null) {
      lists.of(home.changes());
    }
  }

  /// Those to STATUS.
  public StatusCache statuses() {
    StatusCache there = statuses;
    if (there == null) {
      there = new StatusCache(home.changes(), home.surroundings());
      statuses = there;
    }
    return there;
  }

  /// Those to LIST, LSUB and NAMESPACE.
  public ListCache lists() {
    ListCache there = lists;
    if (there == null) {
      there = new ListCache(home.changes(), home.surroundings());
      lists = there;
    }
    return there;
  }

  /// Those to SELECT and EXAMINE.
  public SelectCache selects() {
    SelectCache there = selects;
    if (there == null) {
      there = new SelectCache(home, home.surroundings().room());
      selects = there;
    }
    return there;
  }

  /// A mailbox was read: as for [SelectCache#saw].
  void saw(String mailbox, @Nullable MailboxView view, Proof since) {
    if (selects != null) {
      selects.saw(mailbox, view, since);
    }
  }

  /// Where sleeping sessions ask for STATUS.
  public StatusDesk desk() {
    StatusDesk there = desk;
    if (there == null) {
      there = new StatusDesk(home);
      desk = there;
    }
    return there;
  }

  /// As [StatusDesk#spare].
  @Nullable BackendConnection spare(Predicate<BackendConnection> does) {
    return desk == null ? null : desk.spare(does);
  }

  /// Another server answers from now on.
  void servedBy(Backend other) {
    if (desk != null) {
      desk.servedBy(other);
    }
    if (lists != null) {
      lists.clear();
    }
    if (selects != null) {
      selects.clear();
    }
  }

  /// Nothing is asked any more, until somebody asks again.
  void hush() {
    if (desk != null) {
      desk.close();
    }
  }

  /// Forgets all.
  void clear() {
    hush();
    if (statuses != null) {
      statuses.clear();
    }
    if (selects != null) {
      selects.clear();
    }
    if (lists != null) {
      lists.clear();
    }
  }
}
