package dormouse.imap.sleep;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.imap.track.ClientFeatures;
import dormouse.imap.track.ResponseLine;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class StatusQueryTest {
  private static final ClientFeatures PLAIN = new ClientFeatures();

  private static @Nullable StatusQuery query(String arguments) {
    return StatusQuery.of(arguments, PLAIN);
  }

  private static String mailbox(String arguments, ClientFeatures features) {
    StatusQuery query = StatusQuery.of(arguments, features);
    return query == null ? "none" : query.mailbox();
  }

  private static ClientFeatures utf8() {
    ClientFeatures features = new ClientFeatures();
    features.enabled("UTF8=ACCEPT");
    return features;
  }

  @Test
  void aMailboxHasOneNameHoweverItIsWritten() {
    assertThat(mailbox("inbox (MESSAGES)", PLAIN)).isEqualTo("INBOX");
    assertThat(mailbox("\"INBOX\" (messages)", PLAIN)).isEqualTo("INBOX");
    assertThat(mailbox("work (MESSAGES)", PLAIN)).isEqualTo("\"work\"");
    assertThat(mailbox("\"a \\\"b\\\\ (c)\" (MESSAGES)", PLAIN)).isEqualTo("\"a \\\"b\\\\ (c)\"");
    assertThat(mailbox("Inbox/sub (MESSAGES)", PLAIN)).isEqualTo("\"INBOX/sub\"");
    assertThat(mailbox("\"\u00c3\u00a4\" (MESSAGES)", utf8())).isEqualTo("\"&AOQ-\"");
  }

  @Test
  void whatIsNotTheSameForAllIsNoQueryToKeep() {
    assertThat(query("x (MESSAGES UIDNEXT UIDVALIDITY UNSEEN HIGHESTMODSEQ SIZE)")).isNotNull();
    assertThat(query("x (RECENT)")).isNull();
    assertThat(query("x (MESSAGES DELETED-STORAGE)")).isNull();
    assertThat(query("x (MESSAGES NONSENSE)")).isNull();
    assertThat(query("x ()")).isNull();
    assertThat(query("x (MESSAGES  UNSEEN)")).isNull();
    assertThat(query("x  (MESSAGES)")).isNull();
    assertThat(query("x y (MESSAGES)")).isNull();
    assertThat(query("\"x\"y (MESSAGES)")).isNull();
    assertThat(query("x MESSAGES")).isNull();
    assertThat(query("(MESSAGES)")).isNull();
    assertThat(query("\"x (MESSAGES)")).isNull();
    assertThat(query("")).isNull();
  }

  @Test
  void onlyItsOwnAnswerAnswersIt() {
    assertThat(answered("* STATUS x (MESSAGES 1 UIDNEXT 2)")).isTrue();
    assertThat(answered("* STATUS \"x\" (UIDNEXT 2 messages 1)")).isTrue();
    assertThat(answered("* STATUS y (MESSAGES 1 UIDNEXT 2)")).isFalse();
    assertThat(answered("* STATUS x (MESSAGES 1)")).isFalse();
    assertThat(answered("* STATUS x (MESSAGES 1 UIDNEXT 2 UNSEEN 3)")).isFalse();
    assertThat(answered("* STATUS x")).isFalse();
    assertThat(answered("* STATUS")).isFalse();
  }

  private static boolean answered(String line) {
    StatusQuery query = query("x (UIDNEXT MESSAGES)");
    return query != null && query.isAnsweredBy(ResponseLine.parse(line));
  }

  @Test
  void whoReadsNamesInAnotherFormHasAQueryOfItsOwn() {
    assertThat(query("x (MESSAGES)")).isEqualTo(query("x (MESSAGES)"));
    StatusQuery plain = Objects.requireNonNull(query("x (MESSAGES)"));
    StatusQuery utf8 = Objects.requireNonNull(StatusQuery.of("x (MESSAGES)", utf8()));
    assertThat(utf8.key()).isNotEqualTo(plain.key());
    assertThat(utf8.arguments()).isEqualTo(plain.arguments());
  }

  @Test
  void itemsAreReadWithTheirValues() {
    assertThat(StatusItems.parse("(MESSAGES 3 MAILBOXID (F1) uidnext 4)"))
        .containsExactly(
            java.util.Map.entry("MESSAGES", "3"),
            java.util.Map.entry("MAILBOXID", "(F1)"),
            java.util.Map.entry("UIDNEXT", "4"));
    assertThat(StatusItems.parse("()")).isEmpty();
    assertThat(StatusItems.parse("(MESSAGES)")).isEmpty();
    assertThat(StatusItems.parse("(MESSAGES 3")).isEmpty();
    assertThat(StatusItems.parse("")).isEmpty();
  }
}
