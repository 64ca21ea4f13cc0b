package dormouse.directory.file;

import dormouse.config.FileLinkSettings;
import dormouse.directory.Answer;
import dormouse.directory.Attempt;
import dormouse.directory.Link;
import dormouse.directory.Proof;
import dormouse.directory.Verification;
import dormouse.directory.WatchedFile;
import dormouse.directory.Workers;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;

/// Knows the users of a file, which is read again when it changes. Any thread.
public final class FileLink implements Link {
  private final WatchedFile<UserTable> file;
  private final Workers lookups;
  private final Workers checks;

  private FileLink(WatchedFile<UserTable> file, Workers lookups, Workers checks) {
    this.file = file;
    this.lookups = lookups;
    this.checks = checks;
  }

  /// Reads the file.
  ///
  /// @param lookups where the file is looked at
  /// @param checks where passwords are hashed
  /// @throws IOException if it cannot be read, or is wrong
  public static FileLink read(
      FileLinkSettings settings, Workers lookups, Workers checks, InstantSource clock)
      throws IOException {
    WatchedFile<UserTable> file =
        WatchedFile.read(settings.path(), path -> UserTable.read(path, settings.scheme()), clock);
    return new FileLink(file, lookups, checks);
  }

  @Override
  public CompletableFuture<Answer> ask(Attempt attempt, EventLoop loop) {
    return lookups
        .run(() -> file.now())
        .thenCompose(table -> {
          UserTable.User user = table.find(attempt.user());
          return user == null
              ? CompletableFuture.completedFuture(new Answer.NotMine())
              : Verification.of(attempt, user.password(), user.accepted(), checks);
        });
  }

  @Override
  public boolean resumes(Proof.Kind before) {
    return before != Proof.Kind.TOKEN;
  }
}
