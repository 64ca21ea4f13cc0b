package dormouse.imap.track;

import io.netty.buffer.ByteBuf;
import java.util.function.Consumer;

/// skeleton
public final class CommandTracker {
  /// What to do with a command.
  public enum Decision {
    /// Pass all of its bytes on.
    FORWARD,
    /// Consume it and hand it to [Listener#answer].
    ANSWER,
    /// Leave it where it is and ask again at the next [#read].
    WAIT
  }

  /// Hears of commands as they pass. Called from within [#read], on its thread. What was passed on before a call has
  /// gone to `out` by then.
  public interface Listener {
    /// A command's name is known, nothing of it is consumed. After [Decision#WAIT] the same command begins again.
    Decision begins(String tag, Verb verb);

    /// The command's last byte was passed on. Not called for a command whose literal the backend refused.
    void forwarded(Command command);

    /// The command's last byte was consumed, nothing passed on.
    void answer(Command command);

    /// A line that is no command was consumed, nothing passed on.
    ///
    /// @param tag `*` if it has none
    void malformed(String tag, String why);

    /// A line is over 64 KiB: say BAD and close. Whatever follows is consumed in silence.
    void overflow();
  }

  public CommandTracker(Listener listener) {
    java.util.Objects.requireNonNull(listener);
  }

  /// Consumes what it can. What it leaves in `in` must be there again, with more behind it, at the next call.
  ///
  /// @param out gets the bytes for the backend in order, as retained slices of `in` it owns
  public void read(ByteBuf in, Consumer<ByteBuf> out) {
    out.accept(in.readRetainedSlice(in.readableBytes()));
  }

  /// The backend sent `+`: a waiting literal may flow, or IDLE has begun. [#read] again for what was left.
  public void continued() {}

  /// The backend answered a half-sent command (its literal) or IDLE with a tagged reply instead of `+`.
  public void refused() {}

  /// We answered IDLE ourselves: the next line ends it.
  public void enterIdle() {}

  /// IDLE ended without a line of the client: the backend ended it.
  public void leaveIdle() {}

  /// Whether no command is half consumed, and none is idling.
  public boolean atCommandStart() {
    return true;
  }

  public boolean idling() {
    return false;
  }

  public boolean awaitingContinuation() {
    return false;
  }
}
