package dormouse.imap.sleep;

import dormouse.imap.backend.BackendConnection;
import dormouse.imap.backend.ImapString;
import dormouse.imap.backend.Reply;
import dormouse.imap.track.Kind;
import dormouse.imap.track.ResponseLine;
import dormouse.imap.track.SelectedMailbox;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Asks once for all that is kept of STATUS and may be old: a delivery does not say where it went, and one command (LIST-STATUS,
/// RFC 5819) is less than one for each mailbox. The kept lines stay the server's; only values in them are put in anew.
///
/// Lives on the user's event loop.
public final class StatusRefresh {
  private static final int MAX_CHARS = 6000; // of a command

  private StatusRefresh() {}

  /// Asks on a connection that takes names in modified UTF-7.
  ///
  /// @param modSeqs whether also for those with mod-sequences
  /// @param here the mailbox that is selected on it, of which it may say what it has told, and not what it is
  /// @param others hears what is no answer to it
  public static CompletableFuture<Reply> run(
      BackendConnection on,
      StatusCache statuses,
      boolean modSeqs,
      @Nullable SelectedMailbox here,
      Consumer<ResponseLine> others) {
    Map<String, Proof> since = new LinkedHashMap<>();
    List<StatusCache.Asked> asked = new ArrayList<>();
    TreeSet<String> items = new TreeSet<>();
    int chars = 0;
    for (StatusQuery query : stale(statuses, modSeqs, here)) {
      chars += query.mailbox().length() + 1;
      if (chars > MAX_CHARS) {
        break;
      }
      since.put(query.mailbox(), statuses.proof(query.mailbox()));
      asked.add(statuses.ask(query)); // whoever asks the same waits
      items.addAll(query.items());
    }
    String command =
        since.keySet().stream()
            .collect(
                Collectors.joining(
                    " ", "LIST \"\" (", ") RETURN (STATUS (" + String.join(" ", items) + "))"));
    Map<String, Map<String, String>> told = new HashMap<>();
    return on.run(command, line -> hear(line, told, others))
        .thenApply(reply -> {
          since.forEach((mailbox, proof) ->
              statuses.refresh(mailbox, told.getOrDefault(mailbox, Map.of()), proof));
          return reply;
        })
        .whenComplete((_, _) -> asked.forEach(StatusCache.Asked::over));
  }

  private static void hear(
      ResponseLine line, Map<String, Map<String, String>> told, Consumer<ResponseLine> others) {
    boolean warns = line.kind() == Kind.NO && !line.isAlert();
    if (line.kind() == Kind.LIST || warns) { // Dovecot of a mailbox that goes meanwhile
      return;
    }
    String data = line.data();
    String name = line.kind() == Kind.STATUS ? ImapString.mailbox(data) : null;
    if (name == null) {
      others.accept(line);
      return;
    }
    told.put(Epochs.key(name), StatusItems.parse(data.substring(StatusItems.openIn(data, 0))));
  }

  /// Whether there is so much to ask for that it is worth the while.
  ///
  /// @param here as for [#run]
  public static boolean isDue(
      StatusCache statuses, StatusQuery wanted, boolean modSeqs, @Nullable SelectedMailbox here) {
    List<StatusQuery> stale = stale(statuses, modSeqs, here);
    return stale.size() > 1 && stale.contains(wanted);
  }

  private static List<StatusQuery> stale(
      StatusCache statuses, boolean modSeqs, @Nullable SelectedMailbox here) {
    return statuses.stale(modSeqs).stream().filter(query -> !query.isOf(here)).toList();
  }
}
