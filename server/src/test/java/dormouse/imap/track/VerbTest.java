package dormouse.imap.track;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class VerbTest {

  @Test
  void aNameInAnyCaseIsAVerb() {
    assertThat(Verb.of("noop")).isEqualTo(Verb.NOOP);
    assertThat(Verb.of("Uid Fetch")).isEqualTo(Verb.UID_FETCH);
    assertThat(Verb.UID_FETCH.wireName()).isEqualTo("UID FETCH");
  }

  @Test
  void whatIsNoCommandIsOther() {
    for (String name : new String[] {"", "UID", "UID_FETCH", "UID NOOP", "XFOO", "DONE", "OTHER"}) {
      assertThat(Verb.of(name)).as(name).isEqualTo(Verb.OTHER);
    }
  }

  /// RFC 9051 §7.5.1: numbers must not shift under a command that uses them.
  @Test
  void noExpungeDuringFetchStoreAndSearch() {
    assertThat(Verb.FETCH.allowsExpunge()).isFalse();
    assertThat(Verb.STORE.allowsExpunge()).isFalse();
    assertThat(Verb.SEARCH.allowsExpunge()).isFalse();
    assertThat(Verb.UID_FETCH.allowsExpunge()).isTrue();
    assertThat(Verb.IDLE.allowsExpunge()).isTrue();
  }

  @Test
  void noUidCommandUsesSequenceNumbers() {
    for (Verb verb : Verb.values()) {
      assertThat(verb.usesSequenceNumbers() && verb.wireName().startsWith("UID ")).isFalse();
    }
  }

  @Test
  void whatWeDoNotKnowMayWrite() {
    assertThat(Verb.OTHER.writes()).isTrue();
    assertThat(Verb.FETCH.writes()).isTrue();
    assertThat(Verb.NOOP.writes()).isFalse();
  }
}
