package dormouse.bench.work;

import dormouse.bench.load.Check;
import dormouse.bench.load.Client;
import dormouse.bench.load.ClosedLoop;
import dormouse.bench.load.Latencies;
import dormouse.bench.load.Load.Tls;
import dormouse.bench.stack.Mailboxes;
import dormouse.bench.stack.Stack;
import dormouse.bench.stack.StackKind;
import dormouse.bench.stack.Usage;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// How fast do large messages come, and for how much CPU? See [#question].
final class Streaming implements Workload {
  private static final String NAME = "stream";

  private record Measures(Measure rate, Measure front, Measure all) {
    static Measures of(String clients) {
      return new Measures(
          Measure.more(NAME, clients + ": MB a second", ""),
          Measure.less(NAME, clients + ": front's CPU for a GB", "s"),
          Measure.less(NAME, clients + ": CPU of front and back for a GB", "s"));
    }
  }

  private static final Measures ONE = Measures.of("one client");
  private static final Measures MANY = Measures.of("many clients");

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String question() {
    return """
    One client, then many (50), fetch one large message again and again, over TLS 1.3, and compare each byte.\
    """;
  }

  @Override
  public List<StackKind> stacks() {
    return StackKind.LIVE;
  }

  @Override
  public Rounds prepare(Bench bench, Stack stack) {
    byte[] message = Mailboxes.message(1, bench.size().streamBytes());
    ByteBuf expected =
        Unpooled.unreleasableBuffer(Unpooled.directBuffer(message.length).writeBytes(message));
    stack.backend().mailboxes().create(stack.user(0), List.of(message));
    List<Client> clients = new ArrayList<>();
    for (int i = 0; i < bench.size().streamClients(); i++) {
      clients.add(
          Bench.within(
              bench
                  .login(stack, 0, Tls.FULL)
                  .thenCompose(client -> client.select(1, Mailboxes.UID_VALIDITY))));
    }
    return new Rounds() {
      @Override
      public void warmUp() {
        bench.untilSteady(
            NAME, stack, "many clients", time -> run(bench, stack, clients, expected, time));
      }

      @Override
      public void round() {
        measure(bench, stack, clients.subList(0, 1), expected, ONE);
        measure(bench, stack, clients, expected, MANY);
      }

      @Override
      public void close() {
        clients.forEach(Client::logout);
      }
    };
  }

  private static void measure(
      Bench bench, Stack stack, List<Client> clients, ByteBuf expected, Measures measures) {
    Usage before = stack.usage();
    ClosedLoop.Outcome outcome =
        run(bench, stack, clients, expected, Duration.ofSeconds(bench.size().busySeconds()));
    Usage used = stack.usage().minus(before);
    double bytes = (double) outcome.count() * expected.readableBytes();
    bench.add(measures.rate(), stack, bytes / 1e6 / outcome.seconds());
    if (stack.proxied()) {
      bench.add(measures.front(), stack, used.front() * 1e9 / bytes);
    }
    bench.add(measures.all(), stack, used.sum() * 1e9 / bytes);
  }

  private static ClosedLoop.Outcome run(
      Bench bench, Stack stack, List<Client> clients, ByteBuf expected, Duration time) {
    return ClosedLoop.run(
        clients.size(),
        Long.MAX_VALUE,
        time,
        bench.faults(stack),
        new Latencies(),
        which -> clients.get(which).say("UID FETCH 1 BODY.PEEK[]", Check.body(1, expected)));
  }
}
