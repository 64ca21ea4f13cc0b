package dormouse.imap.track;

import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/// What a client command asks for: the commands of RFC 9051 and RFC 3501 and of the common extensions.
///
/// `UID FETCH` is one verb, [#UID_FETCH]. What we have no name for is [#OTHER].
public enum Verb {
  CAPABILITY,
  NOOP,
  LOGOUT,
  STARTTLS,
  AUTHENTICATE,
  LOGIN,
  ENABLE,
  SELECT,
  EXAMINE,
  CREATE,
  DELETE,
  RENAME,
  SUBSCRIBE,
  UNSUBSCRIBE,
  LIST,
  LSUB,
  XLIST,
  NAMESPACE,
  STATUS,
  APPEND,
  IDLE,
  /// The line that ends IDLE (RFC 2177). It has no tag, and never comes from a name.
  DONE,
  CHECK,
  CLOSE,
  UNSELECT,
  EXPUNGE,
  SEARCH,
  ESEARCH,
  SORT,
  THREAD,
  FETCH,
  STORE,
  COPY,
  MOVE,
  REPLACE,
  UID_EXPUNGE,
  UID_SEARCH,
  UID_SORT,
  UID_THREAD,
  UID_FETCH,
  UID_STORE,
  UID_COPY,
  UID_MOVE,
  UID_REPLACE,
  ID,
  NOTIFY,
  COMPRESS,
  CANCELUPDATE,
  UNAUTHENTICATE,
  GETQUOTA,
  GETQUOTAROOT,
  SETQUOTA,
  GETACL,
  SETACL,
  DELETEACL,
  LISTRIGHTS,
  MYRIGHTS,
  GETMETADATA,
  SETMETADATA,
  /// A command without a name here. It may do anything.
  OTHER;

  private static final Map<String, Verb> BY_NAME =
      Arrays.stream(values())
          .filter(verb -> verb != DONE && verb != OTHER)
          .collect(Collectors.toUnmodifiableMap(Verb::wireName, Function.identity()));

  /// The verb of a command name in any case, `uid fetch` with one space between; [#OTHER] if there is none.
  public static Verb of(CharSequence name) {
    return BY_NAME.getOrDefault(name.toString().toUpperCase(Locale.ROOT), OTHER);
  }

  /// The name as it stands on the wire: `UID FETCH`.
  public String wireName() {
    return name().replace('_', ' ');
  }

  /// Whether its arguments or its answers name messages by sequence number.
  public boolean usesSequenceNumbers() {
    return switch (this) {
      case FETCH, STORE, COPY, MOVE, SEARCH, SORT, THREAD, REPLACE -> true;
      default -> false;
    };
  }

  /// Whether we may send EXPUNGE or VANISHED while it runs. RFC 9051 §7.5.1 forbids it for FETCH, STORE and SEARCH by
  /// sequence number; beyond that we allow only what Dovecot allows, because that is what clients have met.
  public boolean allowsExpunge() {
    return switch (this) {
      case NOOP, CHECK, IDLE, DONE, APPEND, EXPUNGE, COPY, MOVE, REPLACE, NOTIFY -> true;
      case UID_EXPUNGE, UID_SEARCH, UID_SORT, UID_THREAD, UID_FETCH, UID_STORE -> true;
      case UID_COPY, UID_MOVE, UID_REPLACE -> true;
      default -> false;
    };
  }

  /// Whether the mailbox that is selected now is not any more behind it, as a rule.
  public boolean leavesMailbox() {
    return switch (this) {
      case SELECT, EXAMINE, CLOSE, UNSELECT, LOGOUT -> true;
      default -> false;
    };
  }

  /// Whether it may change a mailbox, or which mailboxes there are. FETCH does: it may set `\Seen`. [#OTHER] may.
  public boolean writes() {
    return switch (this) {
      case APPEND, STORE, COPY, MOVE, EXPUNGE, CLOSE, CREATE, DELETE, RENAME, REPLACE, FETCH ->
          true;
      case UID_STORE, UID_COPY, UID_MOVE, UID_EXPUNGE, UID_REPLACE, UID_FETCH, OTHER -> true;
      case SETACL, DELETEACL, SETMETADATA, SUBSCRIBE, UNSUBSCRIBE -> true; // who sees what
      default -> false;
    };
  }

  /// Whether it has changed a mailbox, or which mailboxes there are, if it was answered OK.
  public boolean surelyChanges() {
    return switch (this) {
      case APPEND, CREATE, DELETE, RENAME, REPLACE, UID_REPLACE -> true;
      default -> false;
    };
  }

  /// Whether the session must know its arguments once it was forwarded; of APPEND only what comes before its message.
  boolean keepsArguments() {
    return switch (this) {
      case SELECT, EXAMINE, ENABLE, ID, NOTIFY, STATUS -> true;
      case APPEND, COPY, MOVE, UID_COPY, UID_MOVE, CREATE -> true; // where they write
      case SUBSCRIBE, UNSUBSCRIBE -> true;
      case FETCH, UID_FETCH -> true; // whether they do
      default -> false;
    };
  }

  /// Whether it may carry `RETURN (SAVE UPDATE)` (RFC 5182, RFC 5267).
  public boolean searches() {
    return switch (this) {
      case SEARCH, SORT, THREAD, ESEARCH, UID_SEARCH, UID_SORT, UID_THREAD -> true;
      default -> false;
    };
  }
}
