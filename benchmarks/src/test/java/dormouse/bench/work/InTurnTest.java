package dormouse.bench.work;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class InTurnTest {
  private final InTurn turns = new InTurn();

  @Test
  void aTurnBeginsWhenTheLastHasEnded() {
    CompletableFuture<Void> first = new CompletableFuture<>();
    CompletableFuture<Void> second = new CompletableFuture<>();
    turns.add(() -> first);
    CompletableFuture<?> later = turns.add(() -> second);
    second.complete(null);
    assertThat(later).isNotDone();
    first.completeExceptionally(new IllegalStateException("it was cut off"));
    assertThat(later).isCompleted();
  }

  @Test
  void noneHasEndedWhileOneIsOpen() {
    CompletableFuture<Void> open = new CompletableFuture<>();
    turns.add(() -> open);
    assertThat(turns.ended()).isNotDone();
    open.completeExceptionally(new IllegalStateException("it was cut off"));
    assertThat(turns.ended()).isCompleted();
  }
}
