package dormouse.imap;

import dormouse.auth.LoginResult;
import dormouse.auth.LoginResult.Accepted;
import dormouse.auth.LoginResult.PutOff;
import dormouse.auth.LoginResult.Rejected;
import dormouse.auth.LoginResult.Unavailable;
import dormouse.imap.backend.ImapString;
import java.util.regex.Pattern;

/// The tagged answer to LOGIN and AUTHENTICATE, with the response codes of RFC 5530 §3; without CRLF. Pure functions.
public final class LoginReply {
  private static final Pattern CODE = Pattern.compile("[A-Z][A-Z0-9-]*( [^\\]\\p{Cntrl}]+)?");

  private LoginReply() {}

  /// The answer that says the result, as far as clients may know it.
  public static String of(String tag, LoginResult result) {
    return switch (result) {
      case Accepted _ -> tag + " OK Logged in";
      case Rejected(var code, var text) -> tag + " NO " + rejection(code, text);
      case PutOff(var code, var text) -> tag + " NO " + rejection(code, text);
      case Unavailable(var cause) -> tag + " NO " + unavailable(cause);
    };
  }

  /// The answer to a login that succeeded.
  ///
  /// @param capabilities what the client can use from now on, names separated by spaces
  public static String accepted(String tag, String capabilities) {
    return tag + " OK [CAPABILITY " + capabilities + "] Logged in";
  }

  /// Which of name and password was wrong is never told; a text is what the operator's directory wants to have said.
  private static String rejection(String code, String text) {
    if (text.isBlank() && (code.isEmpty() || code.equals("AUTHENTICATIONFAILED"))) {
      return "[AUTHENTICATIONFAILED] Wrong user name or password";
    }
    String line = text.isBlank() ? "Login refused" : ImapString.oneLine(text);
    return CODE.matcher(code).matches() ? "[" + code + "] " + line : line;
  }

  private static String unavailable(LoginResult.Cause cause) {
    String why =
        switch (cause) {
          case UNREACHABLE -> "The mail server cannot be reached, try again later";
          case SLOW -> "The mail server does not answer in time, try again later";
          case UNTRUSTED -> "The mail server could not prove who it is, try again later";
          case REFUSED -> "The mail server takes no logins now, try again later";
          case BUSY -> "The mail server takes no more logins of this user now, try again later";
          case LOOP -> "The mail servers pass each other's clients round in a circle";
          case FULL -> "Too many connections of this user";
          case CROWDED -> "Too many logins wait for the mail server, try again later";
          case DIRECTORY, MISROUTED -> "Cannot check now, try again later";
        };
    return (cause == LoginResult.Cause.FULL ? "[LIMIT] " : "[UNAVAILABLE] ") + why;
  }
}
