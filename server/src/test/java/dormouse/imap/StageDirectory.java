package dormouse.imap;

import dormouse.config.AuthUrl;
import dormouse.config.HttpLinkSettings;
import dormouse.config.LinkSettings;
import dormouse.testkit.AuthDaemon;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/// The directory of a [SessionStage]: a daemon that accepts everybody until the test wants something else. For one thread.
final class StageDirectory implements AutoCloseable {
  private final StageBackends backends;
  private final AuthDaemon daemon;
  private CompletableFuture<AuthDaemon.Answer> awaited = new CompletableFuture<>();

  StageDirectory(StageBackends backends) {
    this.backends = backends;
    this.daemon = AuthDaemon.start(_ -> AuthDaemon.Answer.accept(backends.port()));
  }

  /// How Dormouse asks it.
  LinkSettings link() {
    return LinkSettings.of(
        new HttpLinkSettings(
            new AuthUrl(false, "127.0.0.1", daemon.port(), "/auth"),
            List.of(),
            /* passClientCertificate= */ false,
            /* keepAlive= */ 0,
            /* extended= */ true,
            /* resume= */ true,
            /* ca= */ null));
  }

  /// What it answers from now on.
  ///
  /// @param status as in its header; `OK` accepts, `elsewhere` accepts and sends to the second backend, `as ann`
  ///     accepts with her name at the backend
  void says(String status) {
    AuthDaemon.Answer answer =
        switch (status) {
          case "OK" -> AuthDaemon.Answer.accept(backends.port());
          case "elsewhere" -> AuthDaemon.Answer.accept(backends.portElsewhere());
          case "as ann" ->
              AuthDaemon.Answer.of(
                  "Auth-Status: OK",
                  "Auth-Server: 127.0.0.1",
                  "Auth-Port: " + backends.port(),
                  "Auth-Backend-User: ann");
          default -> AuthDaemon.Answer.of("Auth-Status: " + status);
        };
    daemon.script(_ -> answer);
    awaited.complete(answer);
  }

  /// Whoever asks has no answer before [#says].
  void waits() {
    CompletableFuture<AuthDaemon.Answer> answer = new CompletableFuture<>();
    awaited = answer;
    daemon.script(_ -> answer.join());
  }

  /// From now on it cannot be reached.
  void refuse() {
    daemon.refuse();
  }

  /// It can be reached again.
  void listen() {
    daemon.listen();
  }

  @Override
  public void close() {
    daemon.close();
  }
}
