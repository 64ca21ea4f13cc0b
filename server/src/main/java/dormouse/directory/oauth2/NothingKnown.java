package dormouse.directory.oauth2;

import java.io.IOException;

/// Nobody can say now whether a token is good, which means nothing for others: the provider may serve those.
final class NothingKnown extends IOException {
  private static final long serialVersionUID = 1;

  NothingKnown(String why) {
    super(why);
  }
}
