package dormouse.directory.password;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Each scheme by the vectors of its specification, and what is none.
class StoredPasswordTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          Hello world! | $6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1
          Hello world! | $6$rounds=10000$saltstringsalts$3HfMDT9rbtHdUKLU9ktwDaz0zyrOvXKuAvcOoo1l6fjvMjIDV7zT6cbLzNuHrpvnVwq60b7lynKYIgm3sBf9G.
          Hello world! | $5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5
          Hello world! | $5$rounds=10000$saltstringsalts$R5TOpYuiFkgpkHZBMfusMezONaFnRfbs0V0DRA5lYC4
          xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx | $6$rounds=1000$s$R/ubWq8ffiYAGwC3F1bZfPFimBHcJiFSZnejjs1AzNp.8WW2ncKUrp8WW8JQzcjFJe80nuhBbGIijL/31Pz9v/
          a very much longer text to encrypt.  This one even stretches over more than one line. | $5$rounds=1400$anotherlongsalts$epZZlHtH1tHOZ8DnGj41SJcfP6bNgf3t.hurPudKyU6
          pencil | {SCRAM-SHA-256}4096,W22ZaJ0SNY7soEsUEjb6gQ==,WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=,wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=
          U*U | $2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW
          secret | {PLAIN}secret
          secret | {plain.hex}736563726574
          secret | {CLEARTEXT}secret
          secret | {SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=
          secret | {SHA256.hex}2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b
          """)
  void thePasswordMatchesAndNoOther(String password, String stored) {
    StoredPassword parsed = StoredPassword.parse(stored, "CRYPT");
    assertThat(parsed).isNotInstanceOf(StoredPassword.Unusable.class);
    assertThat(parsed.matches(password.getBytes(UTF_8))).as(stored).isTrue();
    assertThat(parsed.matches((password + "x").getBytes(UTF_8))).isFalse();
    assertThat(parsed.matches(new byte[0])).isFalse();
    assertThat(parsed.toString()).doesNotContain(password);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{MD4}00",
        "{SHA512-CRYPT}secret",
        "{ARGON2ID}$argon2id$v=19$m=99999999,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA",
        "{SCRAM-SHA-256}0,AAAA,AAAA,AAAA",
        "{SSHA}5en6G6MezRroT3XKqkdPOmY/BfQ=",
        "{SHA}=",
        "{PLAIN.rot13}x",
        "$1$salt$qJH7.N4xYta3aEG/dfqo/0",
        "$6$rounds=999999999$salt$x",
        "secret",
        "{}x",
        "$2y$31$rTknlmtAH2bTn/8/sHJIMuB60tKZ1OmbqG5I6igjmTTd4991tdjbS"
      })
  void whatCannotBeCheckedSaysWhyAndMatchesNothing(String stored) {
    StoredPassword parsed = StoredPassword.parse(stored, "CRYPT");
    assertThat(parsed)
        .isInstanceOfSatisfying(
            StoredPassword.Unusable.class,
            unusable -> assertThat(unusable.why()).isNotEmpty().doesNotContain("secret"));
    assertThat(parsed.matches("secret".getBytes(UTF_8))).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"*", "!", "!!", "!$6$abc$x", "!{PLAIN}x", "*LK*"})
  void aLockedAccountHasNoPassword(String stored) {
    for (String scheme : List.of("CRYPT", "PLAIN", "SSHA")) {
      StoredPassword parsed = StoredPassword.parse(stored, scheme);
      assertThat(parsed).as(scheme).isInstanceOf(StoredPassword.Locked.class);
      assertThat(parsed.matches(stored.getBytes(UTF_8))).isFalse();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "{PLAIN}", "{CLEARTEXT}", "{PLAIN.b64}", "{CRYPT}"})
  void anEmptyPasswordIsNone(String stored) {
    for (String scheme : List.of("CRYPT", "PLAIN", "SSHA")) {
      StoredPassword parsed = StoredPassword.parse(stored, scheme);
      assertThat(parsed).as(scheme).isInstanceOf(StoredPassword.Absent.class);
      assertThat(parsed.matches(new byte[0])).isFalse();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"*", "!", "!secret"})
  void behindItsSchemeAPasswordMayBeginWithAnything(String password) {
    StoredPassword parsed = StoredPassword.parse("{PLAIN}" + password, "CRYPT");
    assertThat(parsed.matches(password.getBytes(UTF_8))).isTrue();
  }

  @Test
  void whatSaysNoSchemeIsInTheOneThatIsUsual() {
    assertThat(StoredPassword.parse("secret", "PLAIN").matches("secret".getBytes(UTF_8))).isTrue();
    assertThat(StoredPassword.parse("$x", "PLAIN")).isInstanceOf(StoredPassword.Unusable.class);
  }

  @Test
  void aVerifierOfAPasswordIsTheOneOfTheRfc() {
    StoredPassword stored =
        StoredPassword.parse(
            "{SCRAM-SHA-256}4096,W22ZaJ0SNY7soEsUEjb6gQ==,WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=,wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
            "CRYPT");
    assertThat(stored)
        .isInstanceOfSatisfying(
            ScramVerifier.class,
            verifier -> {
              ScramVerifier again =
                  ScramVerifier.of("pencil".getBytes(UTF_8), verifier.salt(), 4096);
              assertThat(again.storedKey()).isEqualTo(verifier.storedKey());
              assertThat(again.serverKey()).isEqualTo(verifier.serverKey());
            });
  }
}
