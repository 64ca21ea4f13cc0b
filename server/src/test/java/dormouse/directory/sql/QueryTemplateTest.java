package dormouse.directory.sql;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.config.SqlLinkSettings.Parameter;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class QueryTemplateTest {
  @Test
  void parametersAreBoundAndWhatOnlyLooksLikeOneStays() {
    QueryTemplate template =
        QueryTemplate.of(
            """
            SELECT password, ':user', "a:user", `b:user`, x::text, 'it''s :user' -- :user
            /* :user
               :user */ FROM users WHERE name = :user AND d = :domain AND 'x' <> :user\
            """);
    assertThat(template.names()).containsExactly(Parameter.USER, Parameter.DOMAIN, Parameter.USER);
    assertThat(template.text())
        .isEqualTo(
            """
            SELECT password, ':user', "a:user", `b:user`, x::text, 'it''s :user' -- :user
            /* :user
               :user */ FROM users WHERE name = ? AND d = ? AND 'x' <> ?\
            """);
    assertThat(template.checksPassword()).isFalse();
    assertThat(QueryTemplate.of("SELECT f(:user, :password)").checksPassword()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"'%s'", "\"%s\"", "`%s`", "/* %s */", "-- %s\n", "%s"})
  void aTextOfAnyLengthIsRead(String form) {
    for (String letters : List.of("x", "x y", "''", "\"\"")) {
      String text = form.formatted(letters.repeat(200_000));
      String query = "SELECT 1 " + text + " WHERE name = :local";
      assertThat(QueryTemplate.of(query).names()).containsExactly(Parameter.LOCAL);
    }
  }
}
