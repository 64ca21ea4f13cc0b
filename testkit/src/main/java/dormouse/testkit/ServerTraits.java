package dormouse.testkit;

import java.util.Set;

/// What a server behind the endpoints does, so that a [Differential] asks nothing of it that it gets wrong by itself.
/// Immutable.
///
/// @param mailboxPrefix what the names of all mailboxes but INBOX begin with
public record ServerTraits(Set<Quirk> quirks, String mailboxPrefix) {
  /// What a server lacks, or does otherwise than the RFCs say.
  public enum Quirk {
    /// No UNSELECT (RFC 3691).
    NO_UNSELECT,
    /// No MOVE (RFC 6851).
    NO_MOVE,
    /// No non-synchronizing literals (RFC 7888).
    NO_LITERAL_PLUS,
    /// No IDLE, or one that tells changes twice.
    NO_IDLE,
    /// IDLE tells flag changes at its end only.
    IDLE_HIDES_FLAGS,
    /// IDLE now and then tells a change at its end only.
    IDLE_MISSES_CHANGES,
    /// DELETE fails, at least for a mailbox that a session now ended had selected.
    DELETE_FAILS,
    /// STORE after EXAMINE changes flags.
    STORES_AFTER_EXAMINE,
    /// Who has EXAMINEd a mailbox cannot APPEND to it.
    NO_APPEND_AFTER_EXAMINE,
    /// What is `\Recent` to a session may be so no longer while it stays.
    FORGETS_RECENT,
    /// `* FLAGS` does not name a keyword before the first FETCH with it.
    KEYWORDS_UNNAMED,
    /// `STORE FLAGS.SILENT` leaves more flags than it names.
    REPLACE_ADDS,
    /// Sequence numbers are not those of the session's view until it has heard of an EXPUNGE: clients must not act at the
    /// same time, nor MOVE within a mailbox.
    NUMBERS_SHIFT,
    /// Who MOVEs within the selected mailbox while another expunges there is never told of the messages moved.
    MOVE_HIDES_MESSAGES,
    /// Who says STORE .SILENT or COPY is not told what another has changed in the same messages since the last answer: clients
    /// must ask before each step, and not act at the same time.
    HIDES_CHANGES,
    /// The body of a message that another has expunged is a text of the server's own.
    MAKES_UP_BODIES,
    /// The answer to EXPUNGE names a mod-sequence also to who has not asked for any.
    TELLS_MOD_SEQUENCES
  }

  /// Dovecot, whatever it advertises.
  public static final ServerTraits DOVECOT = new ServerTraits(Set.of(), "");

  /// Cyrus 3.6.
  public static final ServerTraits CYRUS =
      new ServerTraits(Set.of(Quirk.TELLS_MOD_SEQUENCES, Quirk.MOVE_HIDES_MESSAGES), "");

  /// Courier 5.0.
  public static final ServerTraits COURIER =
      new ServerTraits(
          Set.of(
              Quirk.NO_UNSELECT,
              Quirk.NO_MOVE,
              Quirk.NO_LITERAL_PLUS,
              Quirk.IDLE_MISSES_CHANGES,
              Quirk.STORES_AFTER_EXAMINE,
              Quirk.NO_APPEND_AFTER_EXAMINE,
              Quirk.HIDES_CHANGES,
              Quirk.MAKES_UP_BODIES),
          "INBOX.");

  /// GreenMail: see [EmbeddedBackend].
  public static final ServerTraits GREENMAIL =
      new ServerTraits(
          Set.of(
              Quirk.NO_UNSELECT,
              Quirk.DELETE_FAILS,
              Quirk.STORES_AFTER_EXAMINE,
              Quirk.NO_IDLE,
              Quirk.IDLE_HIDES_FLAGS,
              Quirk.KEYWORDS_UNNAMED,
              Quirk.FORGETS_RECENT,
              Quirk.REPLACE_ADDS,
              Quirk.NUMBERS_SHIFT),
          "");

  /// GreenMail behind something that tells idling clients of changes by itself.
  public static final ServerTraits GREENMAIL_IDLE_MENDED =
      new ServerTraits(
          Set.of(
              Quirk.NO_UNSELECT,
              Quirk.DELETE_FAILS,
              Quirk.STORES_AFTER_EXAMINE,
              Quirk.KEYWORDS_UNNAMED,
              Quirk.FORGETS_RECENT,
              Quirk.REPLACE_ADDS,
              Quirk.NUMBERS_SHIFT),
          "");

  public ServerTraits {
    quirks = Set.copyOf(quirks);
  }

  /// Whether clients must act one behind the other, each with what there is.
  boolean inTurn() {
    return has(Quirk.NUMBERS_SHIFT) || has(Quirk.HIDES_CHANGES);
  }

  boolean has(Quirk quirk) {
    return quirks.contains(quirk);
  }
}
