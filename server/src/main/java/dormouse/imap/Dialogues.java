package dormouse.imap;

import io.netty.channel.EventLoop;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/// The clients who are not logged in yet, so that they hear when Dormouse goes down, and are waited for then like the others.
///
/// Any thread, but for what says otherwise.
public final class Dialogues {
  private final Set<ImapDialogue> all = ConcurrentHashMap.newKeySet();
  private final BooleanSupplier goDown;
  private final Runnable oneLess;

  /// @param goDown whether Dormouse is going down
  /// @param oneLess told of each that has ended
  Dialogues(BooleanSupplier goDown, Runnable oneLess) {
    this.goDown = goDown;
    this.oneLess = oneLess;
  }

  /// Whether Dormouse is going down. Who begins after that is not among those who are told.
  boolean goDown() {
    return goDown.getAsBoolean();
  }

  void begun(ImapDialogue one) {
    all.add(one);
  }

  /// Its client is logged in, or has no connection any more.
  void ended(ImapDialogue one) {
    all.remove(one);
    oneLess.run();
  }

  int size() {
    return all.size();
  }

  /// Those of a loop, on which this is called. Who is on the way to another is waited for there.
  Stream<ImapDialogue> of(EventLoop loop) {
    return all.stream().filter(one -> one.isOn(loop));
  }
}
