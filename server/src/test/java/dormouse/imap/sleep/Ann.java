package dormouse.imap.sleep;

import dormouse.auth.Resumption;
import dormouse.auth.Standing;
import dormouse.route.Route;
import dormouse.session.Client;
import java.util.concurrent.CompletableFuture;

/// A user who is nowhere, and of whom the directory is not asked, where a test does not say otherwise.
class Ann implements UserMailboxes.Host {
  @Override
  public String login() {
    return "ann";
  }

  @Override
  public String user() {
    return "ann";
  }

  @Override
  public String name() {
    return "ann";
  }

  @Override
  public Route route() {
    throw new UnsupportedOperationException();
  }

  @Override
  public CompletableFuture<Resumption> askAgain(Standing standing, Client client, String clientId) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void moved(Resumption.Goes there) {}

  @Override
  public void stays(Resumption.Goes there) {}

  @Override
  public void unused() {}
}
