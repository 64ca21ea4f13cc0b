package dormouse.imap.backend;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import org.junit.jupiter.api.Test;

class CapabilitiesTest {
  @Test
  void namesHaveNoCase() {
    Capabilities list = Capabilities.parse("imap4rev1 Idle");

    assertThat(list.has("IMAP4REV1")).isTrue();
    assertThat(list.has("IDLE")).isTrue();
    assertThat(list.has("MOVE")).isFalse();
  }

  @Test
  void anyListCanBeRead() {
    assertThat(Capabilities.parse("").has("")).isFalse();
    assertThat(Capabilities.parse("  IDLE   IDLE idle ")).hasToString("IDLE");
  }

  @Test
  void theClientIsToldAllButWhatEndsHere() {
    Capabilities list =
        Capabilities.parse(
            "IMAP4rev1 SASL-IR STARTTLS LOGINDISABLED AUTH=PLAIN auth=XOAUTH2 Idle COMPRESS=DEFLATE"
                + " UNAUTHENTICATE APPENDLIMIT=35651584 QRESYNC");

    assertThat(list.forClient(false)).isEqualTo("IMAP4rev1 Idle APPENDLIMIT=35651584 QRESYNC");
    assertThat(list.forClient(true))
        .isEqualTo("IMAP4rev1 Idle APPENDLIMIT=35651584 QRESYNC COMPRESS=DEFLATE");
  }

  @Test
  void changesAreTrackedByTheBestThereIs() {
    assertThat(Capabilities.parse("CONDSTORE QRESYNC").features().changes())
        .isEqualTo(ChangeTracking.QRESYNC);
    assertThat(Capabilities.parse("CONDSTORE").features().changes())
        .isEqualTo(ChangeTracking.CONDSTORE);
    assertThat(Capabilities.parse("IMAP4rev1").features().changes()).isEqualTo(ChangeTracking.NONE);
    assertThat(ChangeTracking.NONE.modSequences()).isFalse();
  }

  @Test
  void rev2BringsWhatItContains() {
    BackendFeatures rev2 = Capabilities.parse("IMAP4rev2").features();
    BackendFeatures rev1 = Capabilities.parse("IMAP4rev1").features();

    assertThat(rev2)
        .isEqualTo(
            new BackendFeatures(
                ChangeTracking.NONE,
                "UID SEARCH RETURN (ALL) ALL",
                true,
                true,
                true,
                Set.of("IMAP4REV2")));
    assertThat(rev1)
        .isEqualTo(
            new BackendFeatures(
                ChangeTracking.NONE, "UID SEARCH ALL", false, false, false, Set.of()));
  }

  @Test
  void onlyWhatIsOfferedCanBeEnabled() {
    assertThat(enables("ENABLE QRESYNC UTF8=ACCEPT SORT"))
        .containsExactlyInAnyOrder("CONDSTORE", "QRESYNC", "UTF8=ACCEPT");
    assertThat(enables("CONDSTORE QRESYNC")).isEmpty();
  }

  private static Set<String> enables(String capabilities) {
    return Capabilities.parse(capabilities).features().enables();
  }
}
