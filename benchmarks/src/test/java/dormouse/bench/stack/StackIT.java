package dormouse.bench.stack;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.bench.load.Client;
import dormouse.bench.load.Faults;
import dormouse.bench.load.Load;
import dormouse.bench.load.Load.Tls;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/// What all stacks must have in common, lest something else be measured than them.
@TestInstance(TestInstance.Lifecycle.PER_CLASS) // for each stack takes some time to start
class StackIT {
  private static final Path JAR = Path.of("../server/target/dormouse.jar");
  private static final int KEEP_ALIVE_SECONDS = 120;
  private static final int LOGINS = 10;

  private final Scratch scratch = Scratch.create();
  private final Load load = new Load(1);
  private final Faults faults = new Faults();
  private final List<Stack> running = new ArrayList<>();

  @BeforeAll
  void start() {
    Locale.setDefault(Locale.ROOT);
    for (StackKind each : StackKind.LIVE) {
      if (each.installed()) {
        running.add(Stack.start(each, scratch, KEEP_ALIVE_SECONDS, JAR));
      }
    }
  }

  @AfterAll
  void end() {
    running.forEach(Stack::close);
    load.close();
    scratch.close();
  }

  @Test
  void allSealWithOneCipher() {
    running.forEach(this::login);
    assertThat(load.cipher()).startsWith("TLS_");
    assertThat(faults.first()).isEmpty();
  }

  @Test
  void frontAndBackAreCountedApart() {
    for (Stack stack : running) {
      Usage before = stack.usage();
      for (int i = 0; i < LOGINS; i++) {
        login(stack);
      }
      Usage used = stack.usage().minus(before);
      assertThat(used.front()).as(stack.kind().title()).isBetween(0.001, 10.0);
      assertThat(used.back()).as(stack.kind().title()).isBetween(0.001, 10.0);
    }
    assertThat(faults.first()).isEmpty();
  }

  private void login(Stack stack) {
    load.connect(stack.user(1), stack.tlsPort(), Tls.FULL, faults)
        .thenCompose(client -> client.login(stack.user(1), Backend.PASSWORD))
        .thenCompose(Client::logout)
        .join();
  }
}
