package dormouse.testkit;

import java.time.Duration;
import java.util.List;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/// Where and how a [Differential] runs. Immutable.
///
/// @param fronts what is tested, in one or more ways to connect: one is drawn for each client
/// @param side the server itself: in some runs one client goes there; null for none
/// @param truth the server itself, without Dormouse: each view is compared with what it says
/// @param user whose mailboxes are used; runs make their own and delete them
/// @param modes what clients enable, drawn for each
/// @param traits what the server is able to do
/// @param steps steps of one run
/// @param concurrent whether in some runs all clients act at once
/// @param patience how long a view may differ from the truth, over and over NOOP or in IDLE
/// @param hearOneIn one in how many steps a client in IDLE must hear of the step without doing anything
/// @param outage how the server goes and comes back in the middle; null if it does not. Not where clients act at once
/// @param settle told after each step how many clients have a mailbox selected and are not in IDLE: may wait until the
///     others sleep; not in runs where clients act at once
public record DifferentialPlan(
    List<Endpoint> fronts,
    @Nullable Endpoint side,
    Endpoint truth,
    String user,
    String password,
    List<ModelMode> modes,
    ServerTraits traits,
    int steps,
    boolean concurrent,
    Duration patience,
    int hearOneIn,
    IntConsumer settle,
    @Nullable Outage outage) {
  private static final int STEPS = 120;
  private static final Duration PATIENCE = Duration.ofSeconds(5);
  private static final int HEAR_ONE_IN = 10;

  public DifferentialPlan {
    fronts = List.copyOf(fronts);
    modes = List.copyOf(modes);
  }

  /// Everything that Dovecot can do, all clients at `front`.
  public static DifferentialPlan dovecot(Endpoint front, Endpoint truth, String user) {
    return new DifferentialPlan(
        List.of(front),
        null,
        truth,
        user,
        DovecotServer.PASSWORD,
        List.of(ModelMode.values()),
        ServerTraits.DOVECOT,
        STEPS,
        /* concurrent */ true,
        PATIENCE,
        HEAR_ONE_IN,
        _ -> {},
        null);
  }

  /// All that this server can do.
  public static DifferentialPlan of(Endpoint front, MailServer server, String user) {
    return new DifferentialPlan(
        List.of(front),
        null,
        Endpoint.plain(server.imapPort()),
        user,
        DovecotServer.PASSWORD,
        server.modes(),
        server.traits(),
        STEPS,
        /* concurrent */ !server.traits().inTurn(),
        PATIENCE,
        HEAR_ONE_IN,
        _ -> {},
        null);
  }

  /// Clients without extensions, one after the other.
  public static DifferentialPlan greenMail(
      Endpoint front, Endpoint truth, String user, String password, ServerTraits traits) {
    return new DifferentialPlan(
        List.of(front),
        null,
        truth,
        user,
        password,
        List.of(ModelMode.PLAIN),
        traits,
        STEPS,
        /* concurrent */ false,
        PATIENCE,
        HEAR_ONE_IN,
        _ -> {},
        null);
  }

  /// The same with one client of some runs at this endpoint.
  public DifferentialPlan withSide(Endpoint other) {
    return new DifferentialPlan(
        fronts,
        other,
        truth,
        user,
        password,
        modes,
        traits,
        steps,
        concurrent,
        patience,
        hearOneIn,
        settle,
        outage);
  }

  /// The same with clients that connect in these ways.
  public DifferentialPlan withFronts(Endpoint... others) {
    return new DifferentialPlan(
        List.of(others),
        side,
        truth,
        user,
        password,
        modes,
        traits,
        steps,
        concurrent,
        patience,
        hearOneIn,
        settle,
        outage);
  }

  /// The same with clients that enable these, one drawn for each.
  public DifferentialPlan withModes(ModelMode... others) {
    return new DifferentialPlan(
        fronts,
        side,
        truth,
        user,
        password,
        List.of(others),
        traits,
        steps,
        concurrent,
        patience,
        hearOneIn,
        settle,
        outage);
  }

  /// The same with another password.
  public DifferentialPlan withPassword(String other) {
    return new DifferentialPlan(
        fronts,
        side,
        truth,
        user,
        other,
        modes,
        traits,
        steps,
        concurrent,
        patience,
        hearOneIn,
        settle,
        outage);
  }

  /// The same with so many steps in a run.
  public DifferentialPlan withSteps(int others) {
    return new DifferentialPlan(
        fronts,
        side,
        truth,
        user,
        password,
        modes,
        traits,
        others,
        concurrent,
        patience,
        hearOneIn,
        settle,
        outage);
  }

  /// The same without runs in which clients act at once.
  public DifferentialPlan oneAtATime() {
    return new DifferentialPlan(
        fronts, side, truth, user, password, modes, traits, steps, false, patience, hearOneIn,
        settle, outage);
  }

  /// The same with another bound on how long a view may differ; zero: one NOOP must do.
  public DifferentialPlan withPatience(Duration other) {
    return new DifferentialPlan(
        fronts,
        side,
        truth,
        user,
        password,
        modes,
        traits,
        steps,
        concurrent,
        other,
        hearOneIn,
        settle,
        outage);
  }

  /// The same with something to do after each step.
  public DifferentialPlan withSettle(IntConsumer other) {
    return new DifferentialPlan(
        fronts,
        side,
        truth,
        user,
        password,
        modes,
        traits,
        steps,
        concurrent,
        patience,
        hearOneIn,
        other,
        outage);
  }

  /// The same with a server that goes and comes back in the middle of runs.
  public DifferentialPlan withOutage(Outage other) {
    return new DifferentialPlan(
        fronts,
        side,
        truth,
        user,
        password,
        modes,
        traits,
        steps,
        concurrent,
        patience,
        hearOneIn,
        settle,
        other);
  }
}
