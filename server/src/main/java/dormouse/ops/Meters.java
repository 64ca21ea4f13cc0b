package dormouse.ops;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufAllocatorMetricProvider;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.IntSupplier;

/// The meters that [Metrics] has, each made here and told as Prometheus text. Names are Micrometer's: their last word, the unit, is added
/// where they are told. What a meter shows is kept by who has asked for it, or it shows nothing. Any thread.
final class Meters {
  private static final Duration[] LATENCIES = {
    Duration.ofMillis(1),
    Duration.ofMillis(2),
    Duration.ofMillis(5),
    Duration.ofMillis(10),
    Duration.ofMillis(20),
    Duration.ofMillis(50),
    Duration.ofMillis(100),
    Duration.ofMillis(200),
    Duration.ofMillis(500),
    Duration.ofSeconds(1),
    Duration.ofSeconds(2),
    Duration.ofSeconds(5),
    Duration.ofSeconds(10)
  };

  private record Labelled(String name, String value) {}

  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final Map<Labelled, Counter> counters = new ConcurrentHashMap<>();

  /// Counts what has one label, whose value is of a closed set.
  void count(String name, String label, String value, String description) {
    Labelled key = new Labelled(name, value);
    Counter there = counters.get(key);
    if (there == null) {
      there = counter(name, description, Tags.of(label, value));
      counters.put(key, there);
    }
    there.increment();
  }

  /// The one that there is, or a new one.
  Counter counter(String name, String description, Tags tags) {
    return Counter.builder(name).description(description).tags(tags).register(registry);
  }

  Counter counter(String name, String description) {
    return counter(name, description, Tags.empty());
  }

  /// Bytes that only become more.
  LongAdder byteCounter(String name, String description, Tags tags) {
    LongAdder bytes = new LongAdder();
    FunctionCounter.builder(name, bytes, LongAdder::sum)
        .description(description)
        .baseUnit("bytes")
        .tags(tags)
        .register(registry);
    return bytes;
  }

  /// How many there are now.
  LongAdder gauge(String name, String description, Tags tags) {
    LongAdder count = new LongAdder();
    Gauge.builder(name, count, LongAdder::sum)
        .description(description)
        .tags(tags)
        .register(registry);
    return count;
  }

  LongAdder gauge(String name, String description) {
    return gauge(name, description, Tags.empty());
  }

  /// How many bytes there are now.
  LongAdder byteGauge(String name, String description) {
    LongAdder bytes = new LongAdder();
    Gauge.builder(name, bytes, LongAdder::sum)
        .description(description)
        .baseUnit("bytes")
        .register(registry);
    return bytes;
  }

  /// 1 or 0.
  AtomicInteger flag(String name, String description, Tags tags) {
    AtomicInteger flag = new AtomicInteger();
    Gauge.builder(name, flag, AtomicInteger::get)
        .description(description)
        .tags(tags)
        .register(registry);
    return flag;
  }

  /// How many there are now, whenever that is asked.
  void gauge(String name, String description, IntSupplier now) {
    Gauge.builder(name, now::getAsInt).description(description).register(registry);
  }

  /// Is there no more.
  void removeGauge(String name, Tags tags) {
    registry.remove(registry.get(name).tags(tags).gauge());
  }

  /// When each of some things runs out, since 1970.
  MultiGauge expiries(String name, String description) {
    return MultiGauge.builder(name).description(description).baseUnit("seconds").register(registry);
  }

  /// Those that there are from now on, each by its label.
  static void setExpiries(MultiGauge of, String label, Map<?, Instant> expiries) {
    of.register(
        expiries.entrySet().stream()
            .map(entry ->
                MultiGauge.Row.of(
                    Tags.of(label, entry.getKey().toString()), entry.getValue().getEpochSecond()))
            .toList(),
        /* overwrite= */ true);
  }

  Timer latency(String name, String description, Tags tags) {
    return Timer.builder(name)
        .description(description)
        .tags(tags)
        .serviceLevelObjectives(LATENCIES)
        .register(registry);
  }

  /// Adds the process itself.
  void watchProcess() {
    new JvmMemoryMetrics().bindTo(registry);
    new JvmThreadMetrics().bindTo(registry);
    new FileDescriptorMetrics().bindTo(registry);
    new ProcessorMetrics().bindTo(registry);
    new UptimeMetrics().bindTo(registry);
    if (ByteBufAllocator.DEFAULT instanceof ByteBufAllocatorMetricProvider provider) {
      Gauge.builder("dormouse.buffers", provider.metric(), metric -> metric.usedDirectMemory())
          .description("Direct memory that Netty's buffers are cut from")
          .baseUnit("bytes")
          .register(registry);
    }
  }

  /// Everything, in the Prometheus text format 0.0.4.
  String scrape() {
    return registry.scrape();
  }
}
