package dormouse.imap.view;

import java.util.function.LongConsumer;

/// The message numbers of a client that has not been told which messages are gone, beside those of its backend.
///
/// The client's messages that are left are the backend's first ones: what is new has higher UIDs (RFC 9051 §2.3.1.1).
///
/// Lives on the user's event loop.
public final class LaggingNumbers {
  private final UidSet client;
  private UidSet backend; // its first messages: those with known UIDs
  private long exists;

  /// @param client the messages as the client counts them
  /// @param backend the messages as the backend counts them now; those new have UIDs above all of the client's
  public LaggingNumbers(UidSet client, UidSet backend) {
    this.client = client;
    this.backend = backend;
    this.exists = backend.size();
  }

  /// The backend has said `* n EXPUNGE`.
  public void expunged(long number) {
    exists--;
    if (number > 0 && number <= backend.size()) {
      backend = backend.minus(UidSet.of(backend.uidAt((int) number)));
    }
  }

  /// The backend has said `* VANISHED`.
  public void vanished(UidSet gone) {
    exists -= gone.size();
    backend = backend.minus(gone);
  }

  /// The backend has said `* n EXISTS`.
  public void exists(long count) {
    exists = count;
  }

  /// How many messages the backend has.
  public long exists() {
    return exists;
  }

  /// The messages as the client counts them.
  public UidSet client() {
    return client;
  }

  /// The client's messages that are left.
  public UidSet left() {
    return client.intersect(backend);
  }

  /// The client's number of the backend's message; 0 if the client does not know it.
  public int toClient(long number) {
    return number > 0 && number <= backend.size() ? client.seqOf(backend.uidAt((int) number)) : 0;
  }

  /// The client's number of a message; 0 if it does not know it.
  public int ofUid(long uid) {
    return client.seqOf(uid);
  }

  /// The backend's numbers of messages that the client names by its own; those of messages gone are left out.
  public UidSet toBackend(UidSet numbers) {
    UidSet.Builder found = UidSet.builder();
    SequenceCursor cursor = new SequenceCursor(backend);
    each(
        numbers,
        number -> {
          long uid = number <= client.size() ? client.uidAt((int) number) : 0;
          int there = uid == 0 ? 0 : cursor.seqOf(uid);
          if (there > 0) {
            found.add(there);
          }
        });
    return found.build();
  }

  /// The backend's numbers of these messages, of which none is gone.
  public UidSet numbersOf(UidSet uids) {
    UidSet.Builder found = UidSet.builder();
    SequenceCursor cursor = new SequenceCursor(backend);
    each(uids, uid -> found.add(cursor.seqOf(uid)));
    return found.build();
  }

  private static void each(UidSet numbers, LongConsumer consumer) {
    numbers.iterator().forEachRemaining(consumer);
  }
}
