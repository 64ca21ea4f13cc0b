package dormouse.imap.track;

import io.netty.buffer.ByteBuf;
import java.util.function.Consumer;

/// skeleton
public final class ResponseTracker {
  /// Hears of responses as they pass. Called from within [#read], on its thread. Bytes before a line may not have gone
  /// to `out` when it is called: what is to be said before or instead of the line is a [Verdict#replace].
  public interface Listener {
    /// A line of a [held][Kind#held] kind is whole.
    Verdict line(ResponseLine line);

    /// A line of any other kind begins; it passes as it comes.
    void begins(Kind kind);

    /// A VANISHED line has passed.
    ///
    /// @param earlier it says (EARLIER)
    /// @param count how many UIDs its set has
    void vanished(boolean earlier, long count);
  }

  public ResponseTracker(Listener listener) {
    java.util.Objects.requireNonNull(listener);
  }

  /// Consumes all of `in`.
  ///
  /// @param out gets the bytes for the client in order; it owns them
  public void read(ByteBuf in, Consumer<ByteBuf> out) {
    out.accept(in.readRetainedSlice(in.readableBytes()));
  }

  /// From the next line on, MODSEQ is taken out of FETCH responses.
  public void hideModseq(boolean on) {}

  /// While hiding: whether the client runs a FETCH or STORE, so that a FETCH response of which only the UID is left is
  /// kept.
  public void fetching(boolean on) {}

  /// Whether the last byte read ended a response.
  public boolean atLineStart() {
    return true;
  }
}
