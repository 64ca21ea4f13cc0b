package dormouse.imap;

import dormouse.auth.SaslExchange;
import dormouse.directory.Attempt;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// How far a dialogue is; each phase carries what is known in it, nothing else.
///
/// ```
/// accept ──▶ Handshaking ──▶ Commanding ◀──▶ Answering          any ──▶ Over
///                 ▲            │  ▲ │            │
///                 │   STARTTLS │  │ └──▶ Deciding ◀┘
///                 └─ Turning ◀─┘  └─────────┘ ▲
///                                             └─▶ Asked
/// ```
sealed interface DialoguePhase {
  /// TLS is being agreed on. `greets`: our greeting comes after it.
  record Handshaking(boolean greets) implements DialoguePhase {}

  /// The next line is a command.
  record Commanding() implements DialoguePhase {}

  /// The next line answers us in AUTHENTICATE.
  record Answering(String tag, String mechanism, SaslExchange exchange) implements DialoguePhase {}

  /// The login decides.
  record Deciding(String tag, Attempt attempt, Instant since) implements DialoguePhase {}

  /// The next line answers what the login has asked before it decides.
  record Asked(Deciding deciding, CompletableFuture<byte @Nullable []> answer)
      implements DialoguePhase {}

  /// OK to STARTTLS is on its way. What comes now was sent in clear and is discarded.
  record Turning() implements DialoguePhase {}

  /// We are done with the client.
  record Over() implements DialoguePhase {}
}
