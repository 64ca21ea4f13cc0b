package dormouse.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class BacklogTest {
  private static final int READ_BYTES = 64 << 10;
  private static final int SEALED_BYTES = READ_BYTES + 4 * 22; // in four records

  private final List<Boolean> toldWritable = new ArrayList<>();
  private int flushes;
  private boolean peerReads = true;

  private final EmbeddedChannel channel =
      new EmbeddedChannel(
          new ChannelDuplexHandler() {
            @Override
            public void flush(ChannelHandlerContext context) {
              flushes++;
              context.flush();
            }

            @Override
            public void channelWritabilityChanged(ChannelHandlerContext context) {
              toldWritable.add(context.channel().isWritable());
            }
          }) {
        @Override
        protected void doWrite(ChannelOutboundBuffer waiting) throws Exception {
          if (peerReads) {
            super.doWrite(waiting);
          }
        }
      };

  BacklogTest() {
    channel.config().setWriteBufferWaterMark(Backlog.MARK);
  }

  @AfterEach
  void close() {
    peerReads = true;
    channel.flush();
    channel.finishAndReleaseAll();
  }

  private void add(int bytes) {
    Backlog.add(channel, Unpooled.wrappedBuffer(new byte[bytes]));
  }

  private int sentBytes() {
    int bytes = 0;
    for (ByteBuf sent = channel.readOutbound(); sent != null; sent = channel.readOutbound()) {
      bytes += sent.readableBytes();
      sent.release();
    }
    return bytes;
  }

  @Test
  void aPeerThatReadsNeverStopsTheOther() {
    for (int i = 0; i < 16; i++) {
      add(SEALED_BYTES);
    }

    assertThat(toldWritable).isEmpty();
    assertThat(sentBytes()).isEqualTo(15 * SEALED_BYTES);
  }

  @Test
  void aPeerThatDoesNotReadStopsTheOtherUntilItDoes() {
    peerReads = false;
    add(SEALED_BYTES);
    assertThat(channel.isWritable()).isTrue();
    add(SEALED_BYTES);
    assertThat(channel.isWritable()).isFalse();

    peerReads = true;
    channel.flush();
    channel.runPendingTasks();

    assertThat(toldWritable).containsExactly(false, true);
    assertThat(sentBytes()).isEqualTo(2 * SEALED_BYTES);
  }

  @Test
  void whatIsSmallWaitsForTheFlush() {
    for (int i = 0; i < 100; i++) {
      add(100);
    }

    assertThat(flushes).isZero();
    assertThat(sentBytes()).isZero();
  }
}
