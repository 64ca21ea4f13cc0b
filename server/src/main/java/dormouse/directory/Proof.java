package dormouse.directory;

import java.util.Arrays;

/// What a client shows to prove who it is. Who made it wipes it, once nobody reads it any more.
@SuppressWarnings("ArrayRecordComponent") // secrets are wiped, and never compared
public sealed interface Proof {

  /// A password in clear: PLAIN, LOGIN and what is like them.
  ///
  /// @param password in the client's own bytes; not copied
  record Password(byte[] password) implements Proof {
    @Override
    public void wipe() {
      Arrays.fill(password, (byte) 0);
    }

    @Override
    public String toString() {
      return "Password[hidden]";
    }
  }

  /// Overwrites what is secret.
  void wipe();
}
