package dormouse;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.ConditionEvent.createMessage;
import static com.tngtech.archunit.lang.SimpleConditionEvent.violated;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.AccessTarget;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import dormouse.session.SteadyClock;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;

/// The rules no reviewer should have to remember.
class ArchitectureTest {
  /// All packages, from those that put the parts together down to those all stand on. A line may use the lines below it; of
  /// packages on one line at most one may use the other.
  private static final List<Set<String>> FROM_TOP_TO_BOTTOM =
      List.of(
          Set.of("dormouse"),
          Set.of("dormouse.cli", "dormouse.demo"),
          Set.of("dormouse.imap"),
          Set.of("dormouse.imap.sleep", "dormouse.imap.compress", "dormouse.imap.canary"),
          Set.of("dormouse.imap.backend"),
          Set.of("dormouse.imap.track"),
          Set.of("dormouse.imap.view"),
          Set.of("dormouse.feed"),
          Set.of("dormouse.auth"),
          Set.of(
              "dormouse.directory.http",
              "dormouse.directory.file",
              "dormouse.directory.sql",
              "dormouse.directory.oauth2",
              "dormouse.directory.ldap",
              "dormouse.directory.step"),
          Set.of("dormouse.directory"),
          Set.of("dormouse.directory.password"),
          Set.of("dormouse.route"),
          Set.of("dormouse.backend"),
          Set.of("dormouse.park"),
          Set.of("dormouse.listen"),
          Set.of("dormouse.tls"),
          Set.of("dormouse.tls.records"),
          Set.of("dormouse.proxy"),
          Set.of("dormouse.session", "dormouse.flat", "dormouse.tcp", "dormouse.store"),
          Set.of("dormouse.config", "dormouse.ops"));

  private static final JavaClasses SERVER =
      new ClassFileImporter()
          .importUrl(Main.class.getProtectionDomain().getCodeSource().getLocation());

  @Test
  void arrowsPointDown() {
    classes().should(useOnlyWhatIsBelow()).check(SERVER);
  }

  @Test
  void noPackagesGoInACircle() {
    slices().matching("dormouse.(**)").should().beFreeOfCycles().check(SERVER);
  }

  @Test
  void onlyTheDemoUsesTheTestkit() {
    noClasses()
        .that()
        .resideOutsideOfPackage("dormouse.demo")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("dormouse.testkit..")
        .check(SERVER);
  }

  @Test
  void everyPackageIsCheckedForNulls() {
    classes().should(resideInANullMarkedPackage()).check(SERVER);
  }

  @Test
  void nothingSleeps() {
    noClasses()
        .should()
        .accessTargetWhere(calls(Thread.class, "sleep"))
        .orShould()
        .accessTargetWhere(calls(TimeUnit.class, "sleep"))
        .because("an event loop that sleeps stops all its sessions; wait with a TimerWheel")
        .check(SERVER);
  }

  @Test
  void onlyTheCommandLinePrints() {
    noClasses()
        .that()
        .resideOutsideOfPackages("dormouse.cli", "dormouse.demo")
        .should()
        .accessField(System.class, "out")
        .orShould()
        .accessField(System.class, "err")
        .orShould()
        .accessTargetWhere(calls(Throwable.class, "printStackTrace"))
        .because("what happens is told through the event log")
        .check(SERVER);
  }

  @Test
  void noLookUpOfANameBlocksAnEventLoop() {
    noClasses()
        .that()
        .resideOutsideOfPackages("dormouse.cli", "dormouse.demo", "dormouse.config")
        .should()
        .accessTargetWhere(
            calls(
                InetAddress.class,
                "getByName",
                "getAllByName",
                "getLocalHost",
                "getHostName",
                "getCanonicalHostName"))
        .orShould()
        .accessTargetWhere(calls(InetSocketAddress.class, "getHostName"))
        .orShould()
        .callConstructor(InetSocketAddress.class, String.class, int.class)
        .because("the JDK asks the DNS on the calling thread; Netty's resolver does not")
        .check(SERVER);
  }

  @Test
  void onlyTheSteadyClockLooksAtTheMachines() {
    noClasses()
        .that()
        .doNotHaveFullyQualifiedName(SteadyClock.class.getName())
        .and()
        .resideOutsideOfPackage("dormouse.demo")
        .should()
        .accessTargetWhere(calls(System.class, "currentTimeMillis"))
        .orShould()
        .accessTargetWhere(calls(Instant.class, "now"))
        .orShould()
        .accessTargetWhere(calls(InstantSource.class, "system", "systemUTC", "systemDefaultZone"))
        .because("whoever sets that makes no wait longer or shorter")
        .check(SERVER);
  }

  private static ArchCondition<JavaClass> useOnlyWhatIsBelow() {
    return new ArchCondition<>("use only packages below their own") {
      @Override
      public void check(JavaClass user, ConditionEvents events) {
        int line = lineOf(user.getPackageName());
        if (line < 0) {
          events.add(
              violated(user, user.getPackageName() + " has no place in ArchitectureTest yet"));
        }
        user.getDirectDependenciesFromSelf().stream()
            .filter(use -> isOurs(use.getTargetClass()))
            .filter(use -> lineOf(use.getTargetClass().getPackageName()) < line)
            .forEach(use -> events.add(violated(user, use.getDescription())));
      }
    };
  }

  private static ArchCondition<JavaClass> resideInANullMarkedPackage() {
    return new ArchCondition<>("reside in a package marked @NullMarked") {
      @Override
      public void check(JavaClass javaClass, ConditionEvents events) {
        if (!javaClass.getPackage().isAnnotatedWith(NullMarked.class)) {
          events.add(
              violated(javaClass, createMessage(javaClass, "is in a package without @NullMarked")));
        }
      }
    };
  }

  private static DescribedPredicate<JavaAccess<?>> calls(Class<?> owner, String... methods) {
    return describe(
        owner.getSimpleName() + " " + String.join(", ", methods),
        access -> {
          AccessTarget target = access.getTarget();
          return target.getOwner().isAssignableTo(owner)
              && Arrays.asList(methods).contains(target.getName());
        });
  }

  private static boolean isOurs(JavaClass javaClass) {
    return javaClass.getPackageName().startsWith("dormouse")
        && !javaClass.getPackageName().startsWith("dormouse.testkit");
  }

  private static int lineOf(String packageName) {
    for (int line = 0; line < FROM_TOP_TO_BOTTOM.size(); line++) {
      if (FROM_TOP_TO_BOTTOM.get(line).contains(packageName)) {
        return line;
      }
    }
    return -1;
  }
}
