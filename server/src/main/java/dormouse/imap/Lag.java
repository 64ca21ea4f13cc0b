package dormouse.imap;

import dormouse.imap.backend.BackendConnection;
import dormouse.imap.backend.Reply;
import dormouse.imap.sleep.CatchUp;
import dormouse.imap.track.Command;
import dormouse.imap.track.FetchLine;
import dormouse.imap.track.ResponseLine;
import dormouse.imap.track.Verb;
import dormouse.imap.view.LaggingNumbers;
import dormouse.imap.view.Told;
import dormouse.imap.view.UidSet;
import dormouse.imap.view.ViewDiff;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The time in which a woken client still counts messages that are gone, because its commands may not carry EXPUNGE
/// (RFC 9051 §7.5.1): from its first command to one that may.
///
/// Its commands run one at a time, as commands of our own: numbers become the backend's on their way there and the
/// client's on their way back, whatever the backend tells of messages that come and go is kept, and told at the end.
/// What the client does not count yet it does not hear of. It hears each response whole, so none may be longer than
/// those to our own commands.
///
/// Lives on its session's event loop.
final class Lag {
  private static final Pattern NUMBER = Pattern.compile("[0-9]+");
  private static final Pattern SET = Pattern.compile("[0-9:,]+");

  private final BackendConnection connection;
  private final Conversation conversation;
  private final CatchUp catchUp;
  private final LaggingNumbers numbers;
  private long recent;
  private UidSet flagsOwed = UidSet.EMPTY; // changed in the sleep, to be told behind a STORE
  private @Nullable ResponseLine known; // the answer to a command, to be told behind the flags owed
  private boolean over;

  /// Begins, and tells what may be told at once.
  ///
  /// @param first the client's first command
  Lag(BackendConnection connection, Conversation conversation, CatchUp catchUp, Verb first) {
    this.connection = connection;
    this.conversation = conversation;
    this.catchUp = catchUp;
    this.numbers = catchUp.lag();
    this.recent = catchUp.recent();
    conversation.fromBackend(catchUp.flagLists());
    if (first == Verb.STORE) {
      flagsOwed = catchUp.flagged().intersect(numbers.left());
    } else {
      conversation.fromBackend(catchUp.flagsAsCounted());
    }
  }

  /// Whether the client must still not hear what is gone when it runs `verb`.
  static boolean lasts(Verb verb) {
    return !verb.leavesMailbox()
        && (verb.usesSequenceNumbers() || !(verb.allowsExpunge() || verb == Verb.OTHER));
  }

  /// Runs a command of the client, and answers it.
  ///
  /// @return whether the connection is lost; completes when the client has its answer
  CompletableFuture<Boolean> run(Command command) {
    conversation.begins(command.tag(), command.verb());
    conversation.forwarded(command);
    LaggedCommand lagged = LaggedCommand.of(command, numbers, conversation.recent().uids());
    if (command.verb().allowsExpunge()) { // COPY and MOVE, although by number
      tellAll();
      if (!(lagged instanceof LaggedCommand.Run(_, var someGone)) || someGone) {
        return answer(
            command, "NO [EXPUNGEISSUED] Some of the requested messages no longer exist.");
      }
    }
    return switch (lagged) {
      case LaggedCommand.Run(var text, var someGone) -> run(command, text, someGone);
      case LaggedCommand.NothingLeft _ ->
          answer(command, "OK [EXPUNGEISSUED] Some messages were already expunged.");
      case LaggedCommand.Malformed _ -> answer(command, "BAD Invalid messageset");
      case LaggedCommand.Unclear _ ->
          answer(command, "NO [EXPUNGEISSUED] Some messages were expunged, ask again after NOOP.");
    };
  }

  private CompletableFuture<Boolean> answer(Command command, String answer) {
    known = ResponseLine.parse(command.tag() + " " + answer);
    return tellFlagsOwed(command.verb())
        .thenApply(reply -> {
          tellKnown();
          return reply.lost();
        });
  }

  /// Answers the command whose answer is known, if there is one: the client need not hear first what else it is owed.
  void tellKnown() {
    ResponseLine answer = known;
    known = null;
    if (answer != null) {
      conversation.fromBackend(answer);
    }
  }

  /// Nobody will hear it any more.
  void forget() {
    known = null;
  }

  private CompletableFuture<Boolean> run(Command command, String text, boolean someGone) {
    List<String> pieces = pieces(text);
    return connection
        .run(pieces.getFirst(), pieces.subList(1, pieces.size()), line -> hear(line, command.tag()))
        .thenCompose(reply -> {
          ResponseLine line = reply.line();
          return reply.lost() || line == null
              ? CompletableFuture.completedFuture(true)
              : answer(command, answer(line, command.verb(), someGone));
        });
  }

  /// Without its tag, in the client's numbers.
  private String answer(ResponseLine reply, Verb verb, boolean someGone) {
    String answer = reply.text().substring(reply.tag().length() + 1);
    if (verb == Verb.STORE && reply.codeName().equals("MODIFIED")) { // RFC 7162 §3.1.3
      return answer.replace(
          "[" + reply.code() + "]", "[MODIFIED " + counted(reply.codeArguments()) + "]");
    }
    return someGone && reply.isOk() && reply.code() == null
        ? "OK [EXPUNGEISSUED] Some messages were already expunged."
        : answer;
  }

  private CompletableFuture<Reply> tellFlagsOwed(Verb verb) {
    UidSet owed = flagsOwed.intersect(numbers.left());
    if (verb != Verb.STORE || owed.isEmpty()) {
      return CompletableFuture.completedFuture(new Reply(Reply.Status.OK, null));
    }
    flagsOwed = UidSet.EMPTY;
    Told form = conversation.features().told();
    String items = form.flagItems(catchUp.numbered());
    return connection.run(
        "FETCH " + numbers.numbersOf(owed) + " " + items, line -> tellFlags(line, form));
  }

  private void tellFlags(ResponseLine line, Told form) {
    FetchLine fetch = FetchLine.parse(line);
    int number = fetch == null ? 0 : numbers.toClient(fetch.seq());
    if (fetch == null || fetch.uid() == 0 || fetch.flags() == null || number == 0) {
      hear(line);
      return;
    }
    ByteBuf told = Unpooled.buffer(64);
    ViewDiff.writeFetch(told, number, fetch.uid(), fetch.flags(), fetch.modseq(), form);
    conversation.fromBackend(told);
  }

  /// What the backend says while no command runs.
  void hear(ResponseLine line) {
    hear(line, "");
  }

  private void hear(ResponseLine line, String tag) {
    if (over) {
      conversation.fromBackend(line);
      return;
    }
    switch (line.kind()) {
      case EXPUNGE -> numbers.expunged(line.number());
      case EXISTS -> numbers.exists(line.number());
      case RECENT -> recent = line.number();
      case VANISHED -> vanished(line);
      case FETCH -> {
        int number = numbers.toClient(line.number());
        if (number > 0) {
          tell("* " + number + line.text().substring(line.text().indexOf(' ', 2)));
        }
      }
      case SEARCH, SORT, THREAD -> tell(found(line));
      case ESEARCH -> tell(extended(line, tag));
      default -> {
        if (!line.codeName().equals("HIGHESTMODSEQ")) { // not before all that is gone was told
          conversation.fromBackend(line);
        }
      }
    }
  }

  private void tell(String line) {
    conversation.fromBackend(ResponseLine.parse(line));
  }

  private void vanished(ResponseLine line) {
    UidSet gone = line.data().startsWith("(") ? null : UidSet.parse(line.data().trim());
    if (gone == null) {
      conversation.fromBackend(line);
      return;
    }
    numbers.vanished(gone);
  }

  /// `* SEARCH 2 84 (MODSEQ 917)`, `* THREAD (2)(3 6)` with the client's numbers.
  private String found(ResponseLine line) {
    String text = line.text();
    int modseq = text.indexOf("(MODSEQ");
    int end = modseq < 0 ? text.length() : modseq;
    Matcher number = NUMBER.matcher(text.substring(0, end));
    return number.replaceAll(found -> counted(found.group())) + text.substring(end);
  }

  /// `* ESEARCH (TAG "zz4") MIN 2 ALL 2,10:15` with the client's tag and numbers.
  private String extended(ResponseLine line, String tag) {
    String[] words = line.text().replaceFirst("\\(TAG \"[^\"]*\"\\)", "").trim().split(" +");
    List<String> told = new ArrayList<>(List.of("*", "ESEARCH", "(TAG \"" + tag + "\")"));
    for (int i = 2; i < words.length; i++) {
      boolean numbered =
          switch (words[i - 1]) {
            case "MIN", "MAX", "ALL" -> SET.matcher(words[i]).matches();
            default -> false;
          };
      told.add(numbered ? counted(words[i]) : words[i]);
    }
    return String.join(" ", told);
  }

  /// A set of the backend's numbers as the client counts.
  private String counted(String set) {
    UidSet there = UidSet.parse(set);
    if (there == null) {
      return set;
    }
    UidSet.Builder here = UidSet.builder();
    there
        .iterator()
        .forEachRemaining((long number) -> {
          int counted = numbers.toClient(number);
          if (counted > 0) {
            here.add(counted);
          }
        });
    return here.build().toString();
  }

  /// The end: tells what is gone and what is new, in a command that may carry it.
  void tellAll() {
    over = true;
    conversation.fromBackend(catchUp.linesAfter(numbers, recent));
  }

  /// Whether all was told: from then on the client's numbers are the backend's.
  boolean over() {
    return over;
  }

  /// A command in the pieces that go out for one `+` each.
  static List<String> pieces(String command) {
    List<String> pieces = new ArrayList<>();
    int from = 0;
    int at = 0;
    for (int end = command.indexOf("}\r\n"); end >= 0; end = command.indexOf("}\r\n", at)) {
      int open = command.lastIndexOf('{', end);
      String digits = command.substring(open + 1, end);
      at = end + "}\r\n".length();
      if (!digits.matches("[0-9]{1,9}[+]?")) {
        continue;
      }
      if (!digits.endsWith("+")) {
        pieces.add(command.substring(from, pieces.isEmpty() ? end + 1 : at));
        from = at;
      }
      at += Integer.parseInt(digits.replace("+", ""));
    }
    pieces.add(command.substring(from) + (pieces.isEmpty() ? "" : "\r\n"));
    return pieces;
  }
}
