package dormouse.tls.records;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketAddress;

/// A connection that holds back what is written from the second flight of a handshake on until something else is to be read, and
/// sends it then in pieces of one size, each in a segment of its own.
final class SlicedSocket extends Socket {
  private final Socket wire;
  private final int pieceBytes;
  private final ByteArrayOutputStream held = new ByteArrayOutputStream();
  private boolean firstFlightSent;

  SlicedSocket(Socket wire, int pieceBytes) throws IOException {
    this.wire = wire;
    this.pieceBytes = pieceBytes;
    wire.setTcpNoDelay(true);
  }

  @Override
  public OutputStream getOutputStream() throws IOException {
    OutputStream out = wire.getOutputStream();
    return new OutputStream() {
      @Override
      public void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
      }

      @Override
      public void write(byte[] bytes, int from, int length) throws IOException {
        if (firstFlightSent) {
          held.write(bytes, from, length);
        } else {
          out.write(bytes, from, length);
        }
      }
    };
  }

  @Override
  public InputStream getInputStream() throws IOException {
    InputStream in = wire.getInputStream();
    return new InputStream() {
      @Override
      public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
      }

      @Override
      public int read(byte[] into, int from, int length) throws IOException {
        firstFlightSent = true;
        send();
        return in.read(into, from, length);
      }
    };
  }

  private void send() throws IOException {
    byte[] all = held.toByteArray();
    held.reset();
    for (int at = 0; at < all.length; at += pieceBytes) {
      wire.getOutputStream().write(all, at, Math.min(pieceBytes, all.length - at));
    }
  }

  @Override
  public boolean isConnected() {
    return true;
  }

  @Override
  public SocketAddress getRemoteSocketAddress() {
    return wire.getRemoteSocketAddress();
  }

  @Override
  public void close() throws IOException {
    send();
    wire.close();
  }
}
