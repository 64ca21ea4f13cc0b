package dormouse.directory.sql;

import static org.assertj.core.api.Assertions.assertThat;

import dormouse.config.SqlLinkSettings.Parameter;
import org.junit.jupiter.api.Test;

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
}
