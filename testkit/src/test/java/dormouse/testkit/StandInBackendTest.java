package dormouse.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StandInBackendTest {
  @Test
  void itPlaysItsPart() throws Exception {
    try (var backend = StandInBackend.start();
        var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var server =
          CompletableFuture.runAsync(
              () -> {
                try (var connection = backend.accept()) {
                  connection.greet("IMAP4rev1");
                  connection.answer("LOGIN \"ann\" \"secret\"");
                  connection.answer("CREATE {4}\r\na{3}", "* LIST () \"/\" {4}", "a{3}");
                  connection.send("a3 O").send("K nothing asked\r\n");
                }
              },
              threads);
      try (var client = ImapClient.connect(Endpoint.plain(backend.port()))) {
        client.login("ann", "secret");
        assertThat(client.ok("CREATE {4}\r\na{3}")).containsExactly("* LIST () \"/\" {4}\r\na{3}");
        client.expect("a3 OK nothing asked");
        assertThat(client.expectClosed()).isEmpty();
      }
      server.get();
    }
  }

  @Test
  void itSpeaksTlsAfterStartTls(@TempDir Path directory) throws Exception {
    try (var backend = StandInBackend.start(SelfSigned.in(directory));
        var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var server =
          CompletableFuture.runAsync(
              () -> {
                var connection = backend.accept().greet("IMAP4rev1 STARTTLS");
                connection.answer("STARTTLS").startTls().answer("NOOP");
              },
              threads);
      try (var client = ImapClient.connect(Endpoint.startTls(backend.port()))) {
        client.ok("NOOP");
      }
      server.get();
    }
  }

  @Test
  void failuresShowTheConversation() {
    try (var backend = StandInBackend.start();
        var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      threads.submit(() -> backend.accept().greet("IMAP4rev1").read());
      try (var client = ImapClient.connect(Endpoint.plain(backend.port()))) {
        client.patience(Duration.ofMillis(20));
        assertThatThrownBy(() -> client.command("NOOP"))
            .isInstanceOf(AssertionError.class)
            .hasMessageContaining("S: * OK [CAPABILITY IMAP4rev1]")
            .hasMessageContaining("C: a1 NOOP\\r\\n");
      }
    }
  }
}
