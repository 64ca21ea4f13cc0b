package dormouse.testkit;

/// What a server behind the endpoints does, so that a [Differential] asks nothing of it that it gets wrong
/// by itself. Immutable.
///
/// @param unselect UNSELECT (RFC 3691) is there
/// @param deletes DELETE works, also for a mailbox that a session now ended had selected
/// @param protects after EXAMINE, STORE changes nothing
/// @param idle IDLE tells each change, once
/// @param idleTellsFlags IDLE tells flag changes while it runs, not only at its end
/// @param namesKeywords `* FLAGS` names a keyword before the first FETCH with it
/// @param silentReplace `STORE FLAGS.SILENT` leaves exactly the flags it names
/// @param keepsView sequence numbers stay those of the session's view until it has heard of an EXPUNGE,
///     so that clients may act at the same time, and MOVE within a mailbox
public record ServerTraits(
    boolean unselect,
    boolean deletes,
    boolean protects,
    boolean idle,
    boolean idleTellsFlags,
    boolean namesKeywords,
    boolean silentReplace,
    boolean keepsView) {
  /// Dovecot, whatever it advertises.
  public static final ServerTraits DOVECOT =
      new ServerTraits(true, true, true, true, true, true, true, true);

  /// GreenMail: see [EmbeddedBackend].
  public static final ServerTraits GREENMAIL =
      new ServerTraits(false, false, false, false, false, false, false, false);

  /// GreenMail behind something that tells idling clients of changes by itself.
  public static final ServerTraits GREENMAIL_IDLE_MENDED =
      new ServerTraits(false, false, false, true, true, false, false, false);
}
