package dormouse;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.UnpooledByteBufAllocator;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LeakCheckTest {
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aLostBufferIsFoundOnce(boolean pooled) {
    lose(pooled ? PooledByteBufAllocator.DEFAULT : UnpooledByteBufAllocator.DEFAULT);
    assertThat(LeakCheck.find())
        .singleElement()
        .asString()
        .contains("a lost ByteBuf")
        .contains("LeakCheckTest.lose");
    assertThat(LeakCheck.find()).isEmpty();
  }

  private static void lose(ByteBufAllocator allocator) {
    allocator.directBuffer().writeByte(1);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aReleasedBufferIsNotLost(boolean pooled) {
    ByteBuf buffer =
        (pooled ? PooledByteBufAllocator.DEFAULT : UnpooledByteBufAllocator.DEFAULT).directBuffer();
    buffer.release();
    assertThat(LeakCheck.find()).isEmpty();
  }
}
