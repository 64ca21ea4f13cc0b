package dormouse.testkit;

import org.jspecify.annotations.Nullable;

/// The connection to the server itself on which the truth is asked: made when it is needed, and again when the server has been
/// away. For one thread at a time.
final class Direct implements AutoCloseable {
  private final DifferentialPlan plan;
  private @Nullable ImapClient client;

  Direct(DifferentialPlan plan) {
    this.plan = plan;
  }

  ImapClient get() {
    var present = client;
    if (present == null) {
      present = ImapClient.connect(plan.truth()).login(plan.user(), plan.password());
      client = present;
    }
    return present;
  }

  /// Nothing is asked for a while.
  @Override
  public void close() {
    if (client != null) {
      client.close();
      client = null;
    }
  }
}
