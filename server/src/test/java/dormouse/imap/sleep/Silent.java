package dormouse.imap.sleep;

import dormouse.imap.track.SelectedMailbox;
import dormouse.session.Client;
import dormouse.session.CloseReason;
import io.netty.buffer.ByteBuf;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/// A session that nothing is told.
record Silent(String mailbox) implements Sleeper.Listener {
  private static final InetSocketAddress SOMEWHERE =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 143);

  Silent() {
    this("INBOX");
  }

  @Override
  public void changes() {}

  @Override
  public void changed(ByteBuf lines) {
    lines.release();
  }

  @Override
  public void looked() {}

  @Override
  public void lost(CloseReason reason, String bye) {}

  @Override
  public Client client() {
    return new Client("s1", SOMEWHERE, SOMEWHERE, /* tls= */ false);
  }

  @Override
  public boolean awaitsFirstLogin() {
    return false;
  }

  @Override
  public SelectedMailbox told() {
    return new SelectedMailbox(mailbox, mailbox, /* examine= */ false);
  }
}
