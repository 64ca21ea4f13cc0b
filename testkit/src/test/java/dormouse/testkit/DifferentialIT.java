package dormouse.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// Without Dormouse: what fails here is wrong in the model or in the server.
class DifferentialIT {
  private static final long SEED = 1;

  @Test
  void theModelHoldsAgainstDovecot() {
    try (var server = DovecotServer.start()) {
      var endpoint = Endpoint.plain(server.imapPort());
      var differential =
          new Differential(
              DifferentialPlan.dovecot(endpoint, endpoint, "u1").withPatience(Duration.ZERO));
      differential.runUntil(Integer.getInteger("dormouse.operations", 1000), SEED);
      assertThat(differential.lateViews()).isZero();
    }
  }

  @Test
  void theModelHoldsAgainstCyrus() {
    try (var server = CyrusServer.start()) {
      theModelHoldsAgainst(server, Duration.ZERO);
    }
  }

  @Test
  void theModelHoldsAgainstCourier() {
    try (var server = CourierServer.start()) {
      theModelHoldsAgainst(server, Duration.ofSeconds(3)); // IDLE tells at once or after a second
    }
  }

  private static void theModelHoldsAgainst(MailServer server, Duration patience) {
    var endpoint = Endpoint.plain(server.imapPort());
    var plans =
        Stream.of("u1", "u2", "u3", "u4")
            .map(user -> DifferentialPlan.of(endpoint, server, user).withPatience(patience))
            .toList();
    new DifferentialLanes(plans).runUntil(Integer.getInteger("dormouse.operations", 1000), SEED);
  }

  @Test
  void theModelHoldsAgainstGreenMail() {
    try (var server = EmbeddedBackend.start()) {
      server.addUser("ann", "pass");
      var endpoint = Endpoint.plain(server.port());
      var plan =
          DifferentialPlan.greenMail(endpoint, endpoint, "ann", "pass", ServerTraits.GREENMAIL);
      new Differential(plan.withPatience(Duration.ZERO))
          .runUntil(Integer.getInteger("dormouse.operations", 1000), SEED);
    }
  }
}
