package dormouse.bench.work;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.bench.stack.Usage;
import org.junit.jupiter.api.Test;

class SteadinessTest {
  private static final double BACK = 0.030; // of each, as Dovecot takes for a login

  private final Steadiness steadiness = new Steadiness(Steadiness.FEW);

  @Test
  void aFrontThatFallsByOnePercentASliceIsNotSteady() {
    double front = 0.010;
    for (int slice = 0; slice < 60; slice++) {
      slice(front, 0);
      assertThat(steadiness.steady()).as("after slice %d", slice).isFalse();
      front *= 0.99;
    }
  }

  @Test
  void aFrontThatStaysWhatItIsIsSteady() {
    slice(0.040, 0.020);
    for (int slice = 1; slice < 2 * Steadiness.FEW; slice++) {
      assertThat(steadiness.steady()).as("after slice %d", slice).isFalse();
      slice(0.010, 0);
    }
    slice(0.010, 0);
    assertThat(steadiness.steady()).isTrue();
  }

  @Test
  void aFrontThatIsBusyCompilingIsNotSteady() {
    for (int slice = 0; slice < 20; slice++) {
      slice(0.010, 0.004);
    }
    assertThat(steadiness.steady()).isFalse();
    assertThat(steadiness.told())
        .isEqualTo("its front's CPU was 1.00 of before, 40 % of it compilers'");
  }

  @Test
  void slicesThatDoMoreAreNoDearer() {
    for (int slice = 1; slice <= 2 * Steadiness.FEW; slice++) {
      steadiness.add(new Usage(0.010 * slice, BACK * slice, 0, 0), slice);
    }
    assertThat(steadiness.steady()).isTrue();
  }

  @Test
  void aFrontThatTakesNothingIsSteady() {
    for (int slice = 0; slice < 2 * Steadiness.FEW; slice++) {
      slice(0, 0);
    }
    assertThat(steadiness.steady()).isTrue();
  }

  @Test
  void aVirtualMachineThatFallsByTwoThousandthsASliceIsNotSteady() {
    Steadiness fewAtOnce = new Steadiness(Steadiness.FEW);
    Steadiness manyAtOnce = new Steadiness(Steadiness.MANY);
    double front = 0.010;
    for (int slice = 0; slice < 2 * Steadiness.MANY; slice++) {
      fewAtOnce.add(new Usage(front, BACK, 0, 0), 1);
      manyAtOnce.add(new Usage(front, BACK, 0, 0), 1);
      front *= 0.998;
    }
    assertThat(fewAtOnce.steady()).isTrue();
    assertThat(manyAtOnce.steady()).isFalse();
  }

  private void slice(double front, double compilers) {
    steadiness.add(new Usage(front, BACK, compilers, 0), 1);
  }
}
