package dormouse;

import io.netty.util.ResourceLeakDetector;
import io.netty.util.ResourceLeakDetectorFactory;
import io.netty.util.ResourceLeakTracker;
import java.lang.ref.PhantomReference;
import java.lang.ref.Reference;
import java.lang.ref.ReferenceQueue;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/// Fails every test class behind which Netty finds something that was never released: a buffer, a TLS engine. It is part
/// of every run (`META-INF/services`); the tests run with `-Dio.netty.leakDetection.level=paranoid`.
///
/// What is lost is found when the garbage is collected. It was most likely lost by the class that fails; else by one
/// before it in the same process.
public final class LeakCheck implements AfterAllCallback {
  private static final long LONGEST_COLLECTION_MILLIS = 10_000;
  private static final Queue<String> FOUND = new ConcurrentLinkedQueue<>();
  private static final List<Detector<?>> DETECTORS = new CopyOnWriteArrayList<>();
  private static final AtomicLong TRACKED = new AtomicLong();

  static {
    ResourceLeakDetectorFactory.setResourceLeakDetectorFactory(new Detectors());
  }

  private long looked;

  @Override
  public void afterAll(ExtensionContext context) {
    long tracked = TRACKED.get();
    if (tracked == looked) {
      return; // the class has nothing to do with Netty
    }
    looked = tracked;
    List<String> leaks = find();
    if (!leaks.isEmpty()) {
      throw new AssertionError(leaks.size() + " leaks:\n" + String.join("\n", leaks));
    }
  }

  /// Collects the garbage: what was lost in it, each with where it was touched; told only once.
  static List<String> find() {
    collect();
    collect(); // what the first has found is in its queue for certain when the second has ended
    DETECTORS.forEach(Detector::poke);
    List<String> leaks = new ArrayList<>();
    for (String leak = FOUND.poll(); leak != null; leak = FOUND.poll()) {
      leaks.add(leak);
    }
    return leaks;
  }

  private static void collect() {
    ReferenceQueue<Object> queue = new ReferenceQueue<>();
    PhantomReference<Object> canary = new PhantomReference<>(new Object(), queue);
    System.gc();
    try {
      if (queue.remove(LONGEST_COLLECTION_MILLIS) == null) {
        throw new AssertionError("the garbage is not collected");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    } finally {
      Reference.reachabilityFence(canary);
    }
  }

  private static final class Detectors extends ResourceLeakDetectorFactory {
    @Override
    @SuppressWarnings("deprecation") // and yet abstract: the others call it
    public <T> ResourceLeakDetector<T> newResourceLeakDetector(
        Class<T> resource, int samplingInterval, long maxActive) {
      Detector<T> detector = new Detector<>(resource, samplingInterval);
      DETECTORS.add(detector);
      return detector;
    }
  }

  private static final class Detector<T> extends ResourceLeakDetector<T> {
    Detector(Class<T> resource, int samplingInterval) {
      super(resource, samplingInterval);
    }

    @Override
    public ResourceLeakTracker<T> track(T resource) {
      TRACKED.incrementAndGet();
      return super.track(resource);
    }

    /// Has it look what the garbage collection has left: it does so only when it is given something new.
    @SuppressWarnings("unchecked") // it only keeps the identity
    void poke() {
      T nothing = (T) new Object();
      ResourceLeakTracker<T> tracker = super.track(nothing);
      if (tracker != null) {
        tracker.close(nothing);
      }
    }

    @Override
    protected boolean needReport() {
      return true;
    }

    @Override
    protected void reportTracedLeak(String type, String records) {
      FOUND.add("a lost " + type + records);
    }

    @Override
    protected void reportUntracedLeak(String type) {
      FOUND.add("a lost " + type);
    }
  }
}
