package dormouse.imap;

import dormouse.auth.Credentials;
import dormouse.auth.SaslExchange;
import io.netty.buffer.ByteBuf;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// A command that an IMAP client can send before its login (RFC 9051 §6.1, §6.2), or what is wrong with one. Immutable.
sealed interface ImapCommand {
  /// Names the command in its answer; `*` if the client sent none that can be repeated.
  String tag();

  record Capability(String tag) implements ImapCommand {}

  record Noop(String tag) implements ImapCommand {}

  record Logout(String tag) implements ImapCommand {}

  record StartTls(String tag) implements ImapCommand {}

  /// ID (RFC 2971).
  ///
  /// @param said what the client tells of itself
  record Id(String tag, ClientId said) implements ImapCommand {}

  record Login(String tag, Credentials credentials) implements ImapCommand {}

  /// AUTHENTICATE.
  ///
  /// @param mechanism in upper case
  /// @param initial the initial response, still in Base64 (RFC 4959); `null` if there was none
  @SuppressWarnings("ArrayRecordComponent") // holds a password: a String could not be wiped
  record Authenticate(String tag, String mechanism, byte @Nullable [] initial)
      implements ImapCommand {
    @Override
    public String toString() {
      return "Authenticate[tag=" + tag + ", mechanism=" + mechanism + ", response hidden]";
    }
  }

  /// A command that we do not know, or that is for later.
  record Other(String tag, String name) implements ImapCommand {}

  /// What is no command.
  ///
  /// @param why for the client; repeats nothing of what it sent
  record Malformed(String tag, String why) implements ImapCommand {}

  /// Reads a whole command: its lines with the literals between them, without the end of the last line. Never throws.
  static ImapCommand parse(byte[] command) {
    Arguments arguments = new Arguments(command);
    String tag = arguments.tag();
    if (tag == null) {
      return new Malformed("*", "A command begins with a tag");
    }
    String name = arguments.space() ? arguments.word() : null;
    if (name == null) {
      return new Malformed(tag, "After the tag comes a command");
    }
    return switch (name.toUpperCase(Locale.ROOT)) {
      case "CAPABILITY" -> alone(arguments, new Capability(tag));
      case "NOOP" -> alone(arguments, new Noop(tag));
      case "LOGOUT" -> alone(arguments, new Logout(tag));
      case "STARTTLS" -> alone(arguments, new StartTls(tag));
      case "ID" -> id(tag, arguments);
      case "LOGIN" -> login(tag, arguments);
      case "AUTHENTICATE" -> authenticate(tag, arguments);
      default -> new Other(tag, name);
    };
  }

  /// The tag of a command that is not read further, `*` if it has none.
  static String tagOf(ByteBuf command) {
    byte[] start = new byte[Math.min(command.readableBytes(), Arguments.MAX_TAG_BYTES + 1)];
    command.getBytes(command.readerIndex(), start);
    String tag = new Arguments(start).tag();
    return tag == null ? "*" : tag;
  }

  private static ImapCommand alone(Arguments arguments, ImapCommand command) {
    return arguments.atEnd() ? command : new Malformed(command.tag(), "No arguments are wanted");
  }

  private static ImapCommand id(String tag, Arguments arguments) {
    ClientId said = arguments.space() ? ClientId.parse(arguments) : null;
    return said != null && arguments.atEnd()
        ? new Id(tag, said)
        : new Malformed(tag, "ID wants NIL or a list of at most 30 fields and values");
  }

  private static ImapCommand login(String tag, Arguments arguments) {
    byte[] user = arguments.space() ? arguments.astring() : null;
    byte[] password = user != null && arguments.space() ? arguments.astring() : null;
    if (user == null || password == null || !arguments.atEnd()) {
      return new Malformed(tag, "LOGIN wants a user name and a password");
    }
    Credentials credentials = SaslExchange.credentials(user, password);
    return credentials == null
        ? new Malformed(tag, "No such user name or password is possible")
        : new Login(tag, credentials);
  }

  private static ImapCommand authenticate(String tag, Arguments arguments) {
    String mechanism = arguments.space() ? arguments.word() : null;
    if (mechanism == null) {
      return new Malformed(tag, "AUTHENTICATE wants a mechanism");
    }
    String name = mechanism.toUpperCase(Locale.ROOT);
    if (arguments.atEnd()) {
      return new Authenticate(tag, name, null);
    }
    byte[] initial = arguments.space() ? arguments.wordBytes() : null;
    return initial != null && arguments.atEnd()
        ? new Authenticate(tag, name, initial)
        : new Malformed(tag, "AUTHENTICATE wants a mechanism and at most one response");
  }
}
