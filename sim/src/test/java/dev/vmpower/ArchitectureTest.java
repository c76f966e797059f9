package dev.vmpower;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * The rooms of vmpower, and which may touch which: the diagram, as the build reads it.
 *
 * <p>Think hard before you add an arrow. A room that touches few others can be understood, tested
 * and changed alone, and what is decided stays apart from what is done.
 */
class ArchitectureTest {
  /**
   * Each room, what it may touch of ours, and what of others. A name stands for a package or for
   * one class with its nested ones. All may touch java.lang, java.util, java.time and JSpecify;
   * whoever does I/O or draws in a library says so in the last column. A line without a name goes
   * on with the room above it.
   */
  private static final String DIAGRAM =
      """
      protocol        |                                             | java.nio.ByteBuffer
                      |                                             | java.nio.ByteOrder
                      |                                             | java.nio.charset

      machine.sysfs   | machine.libc                                | java.io java.nio
                      |                                             | java.lang.foreign
      machine.cpu     | machine.sysfs                               |
      machine.cpufreq | machine.sysfs machine.cpu                   | java.io java.nio
      machine.socket  |                                             | java.io java.nio
                      |                                             | java.lang.foreign sun.nio.ch
      machine.epoll   | machine.libc                                | java.io java.nio
                      |                                             | java.lang.foreign sun.nio.ch
      machine.net     | machine.libc                                | java.io java.nio
                      |                                             | java.lang.foreign
      machine.libc    |                                             | java.io
                      |                                             | java.lang.foreign
      machine.perf    | machine.libc                                | java.io
                      |                                             | java.lang.foreign
      machine.process | machine.libc                                | java.io java.nio
                      |                                             | java.lang.foreign
      machine.power   | machine.socket.PeerProcess                  | java.io java.nio
      machine.fifo    | machine.cpu machine.libc machine.socket     | java.io java.nio
                      |                                             | java.lang.foreign
      machine.libvirt | machine.cpu machine.net                     | java.io java.nio
                      |                                             | java.lang.foreign
                      |                                             | javax.xml.stream
      machine.fake    | machine.sysfs machine.cpu machine.cpufreq   |

      host.arbiter    | machine.cpufreq.Ladder                      |
      host.view       |                                             |
      host.feed       |                                             |
      host.metrics    | host.view                                   | java.io java.nio
      host.policy     | protocol machine.cpu machine.net            |
      host.config     | host.arbiter.Envelope host.policy           | java.io java.nio org.tomlj
                      | host.view.PlainLine machine.cpu machine.net |
                      |                                             | java.net.InetAddress
                      |                                             | java.net.InetSocketAddress
      host.vm         | host.arbiter host.policy machine.cpu        |
                      | machine.net                                 |
      host.fifo       | host.policy machine.cpu machine.fifo        | java.io java.nio org.slf4j
                      | machine.net.MacAddress protocol.Unit        | tools.jackson
      host.energy     | host.view machine.cpu machine.power         | java.io java.net.URLDecoder
                      |                                             | java.net.URLEncoder java.nio
                      |                                             | org.slf4j
      host.sampler    | machine.net machine.perf                    | java.io
      host.suspects   | machine.process                             | org.slf4j
      host.claims     | machine.socket.PeerProcess                  | java.io java.nio org.slf4j
      host.clock      | host.arbiter host.config.Config host.vm     | java.io org.slf4j
                      | machine.cpu machine.cpufreq machine.sysfs   |
      host.channel    | host.policy host.vm protocol machine.socket | java.io java.net java.nio
                      |                                             | org.slf4j
      host.orders     | machine.cpu                                 | java.io java.nio org.slf4j
      host.monitor    | host.arbiter host.channel host.claims       | java.io java.nio org.slf4j
                      | host.clock host.config host.feed            | org.HdrHistogram
                      | host.fifo host.orders                       |
                      | host.policy host.sampler host.view host.vm  |
                      | protocol machine.cpu machine.cpufreq        |
                      | machine.epoll machine.libvirt machine.net   |
                      | machine.socket.PeerProcess                  |
                      | machine.sysfs                               |
      host.control    | host.config.ConfigException                 | java.io java.net java.nio
                      | host.config.PolicyFile host.monitor.Verb    | jdk.net org.slf4j
                      | host.policy.OperatorPolicy host.view        |
                      | machine.cpu machine.socket.PeerCredentials  |
                      | host.feed host.metrics host.orders.Orders   |
                      |                                             | org.eclipse.jetty
                      |                                             | tools.jackson
      host.log        | machine.process.UnixDatagrams               | java.io java.nio org.slf4j
                      |                                             | ch.qos.logback
      host.rehearsal  | host.arbiter.Envelope host.claims           | java.io java.net java.nio
                      | host.config.Config host.log host.monitor    | org.slf4j
                      | host.orders.OrdersFile                      |
                      | protocol machine.cpu machine.cpufreq        |
                      | machine.sysfs                               |
      host            | host.energy.EnergyMeter                     |
                      | host.view                                   |
                      | host.claims host.clock.Clocks host.config   | java.io java.nio
                      | host.clock.NotGivenBackException            |
                      | host.control host.feed.Feed                 |
                      | host.orders.OrdersFile host.view.VmView     |
                      | host.log host.monitor host.rehearsal        | org.slf4j sun.misc
                      | host.fifo.FifoFeed host.sampler             |
                      | host.suspects                               |
                      | machine.cpu machine.cpufreq machine.epoll   |
                      | machine.libvirt machine.net                 |
                      | machine.process machine.socket.PeerProcess  |
                      | machine.sysfs                               |

      guest           | protocol                                    | java.io java.net java.nio
                      |                                             | java.lang.foreign
      guest.governor  | guest.Answer guest.Wish                     |
      cli             | guest guest.governor host.config protocol   | java.io java.net java.nio
                      |                                             | picocli tools.jackson.core
                      |                                             | org.jline
      sim             | host host.config host.log host.monitor      | java.io java.net java.nio
                      | host.view host.vm.Refusal guest protocol    | org.HdrHistogram sun.misc
                      | machine.cpu machine.fake                    |
      sim.world       | host.arbiter.Envelope host.channel          | java.io java.net java.nio
                      | host.claims host.clock.Clocks               |
                      | host.config.Config host.log host.monitor    |
                      | host.orders machine.cpu machine.cpufreq     |
                      | machine.epoll.TurnSelector machine.fake     |
                      | machine.libvirt.DomainInfo                  |
                      | machine.socket.PeerProcess machine.sysfs    |
      """;

  private static final String OURS = "dev.vmpower.";
  private static final Set<String> FREE =
      Set.of(
          "java.lang",
          "java.lang.annotation",
          "java.lang.constant",
          "java.lang.invoke",
          "java.lang.runtime",
          "java.util",
          "java.time",
          "org.jspecify.annotations");

  /** Ours alone: what they touch of others has a name here and no more, as the rules need. */
  static final JavaClasses MAIN =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("dev.vmpower");

  /** What one room may touch: names without {@link #OURS}, and names of others. */
  private record Room(List<String> ours, List<String> others) {}

  private static Map<String, Room> diagram() {
    Map<String, Room> rooms = new TreeMap<>();
    Room last = new Room(List.of(), List.of());
    for (String line : DIAGRAM.lines().filter(each -> !each.isBlank()).toList()) {
      List<String> cells = Stream.of(line.split("\\|", -1)).map(String::strip).toList();
      assertThat(cells).as(line).hasSize(3);
      if (!cells.get(0).isEmpty()) {
        last = new Room(new ArrayList<>(), new ArrayList<>());
        assertThat(rooms.put(cells.get(0), last)).as(line).isNull();
      }
      last.ours().addAll(words(cells.get(1)));
      last.others().addAll(words(cells.get(2)));
    }
    return rooms;
  }

  private static List<String> words(String cell) {
    return cell.isEmpty() ? List.of() : Arrays.asList(cell.split("\\s+"));
  }

  @Test
  void everyRoomTouchesWhatTheDiagramSaysAndNoMore() {
    Map<String, Room> rooms = diagram();
    Set<String> wrong = new TreeSet<>();
    for (JavaClass from : MAIN) {
      String name = withoutOurs(from.getPackageName());
      Room room = rooms.get(name);
      if (room == null) {
        wrong.add(name + " is no room of the diagram");
        continue;
      }
      for (Dependency dependency : from.getDirectDependenciesFromSelf()) {
        JavaClass to = dependency.getTargetClass().getBaseComponentType();
        if (!to.isPrimitive() && !to.getPackage().equals(from.getPackage()) && !may(room, to)) {
          wrong.add(name + " must not touch " + to.getName() + ", as " + from.getName() + " does");
        }
      }
    }
    assertThat(MAIN.size()).as("classes").isGreaterThan(80);
    assertThat(wrong).isEmpty();
  }

  private static boolean may(Room room, JavaClass to) {
    String name = to.getName();
    if (name.startsWith(OURS)) {
      return room.ours().stream()
          .map(word -> OURS + word)
          .anyMatch(word -> to.getPackageName().equals(word) || isClass(to, word));
    }
    return FREE.contains(to.getPackageName())
        || name.startsWith("java.util.")
        || name.startsWith("java.time.")
        || room.others().stream()
            .anyMatch(word -> isClass(to, word) || (name + ".").startsWith(word + "."));
  }

  private static boolean isClass(JavaClass to, String name) {
    return to.getName().equals(name) || to.getName().startsWith(name + "$");
  }

  private static String withoutOurs(String name) {
    return name.startsWith(OURS) ? name.substring(OURS.length()) : name;
  }

  @Test
  void noArrowsRunInACircle() {
    slices().matching("dev.vmpower.(**)").should().beFreeOfCycles().check(MAIN);
  }

  @Test
  void noRoomIsNamedForNothingInParticular() {
    Set<String> vague =
        Set.of(
            "util",
            "utils",
            "helper",
            "helpers",
            "common",
            "core",
            "base",
            "impl",
            "internal",
            "misc",
            "manager",
            "service");
    for (JavaClass type : MAIN) {
      assertThat(Arrays.asList(type.getPackageName().split("\\.")))
          .as(type.getName())
          .doesNotContainAnyElementsOf(vague);
    }
  }

  @Test
  void noTypeIsNamedForNothingInParticular() {
    noClasses()
        .should()
        .haveNameMatching(".*[.$](Abstract[A-Z]\\w*|\\w*(Manager|Impl|Helper|Utils?))")
        .check(MAIN);
    noClasses()
        .that()
        .areInterfaces()
        .should()
        .haveNameMatching(".*[.$]I[A-Z][a-z]\\w*")
        .check(MAIN);
  }

  /** Elsewhere time comes in as an argument, or as a clock that the caller gives. */
  @Test
  void timeIsReadAtTheEdge() {
    noClasses()
        .that()
        .resideOutsideOfPackages(
            "dev.vmpower.machine..",
            "dev.vmpower.host",
            "dev.vmpower.guest",
            "dev.vmpower.cli..",
            "dev.vmpower.sim..")
        .should()
        .accessTargetWhere(
            calls(System.class, "nanoTime", "currentTimeMillis").or(calls(Instant.class, "now")))
        .check(MAIN);
  }

  @Test
  void nobodySleepsInsteadOfWaiting() {
    noClasses()
        .that()
        .resideOutsideOfPackages("dev.vmpower.cli..", "dev.vmpower.sim..")
        .should()
        .accessTargetWhere(calls(Thread.class, "sleep"))
        .check(MAIN);
  }

  /** Below the configuration nothing depends on who started the program, and how. */
  @Test
  void theEnvironmentIsReadByProgramsOnly() {
    noClasses()
        .that()
        .resideOutsideOfPackages("dev.vmpower.cli..", "dev.vmpower.sim..")
        .and()
        .doNotHaveFullyQualifiedName("dev.vmpower.host.Daemon")
        .should()
        .accessTargetWhere(calls(System.class, "getenv"))
        .check(MAIN);
  }

  private static DescribedPredicate<JavaAccess<?>> calls(Class<?> owner, String... methods) {
    return DescribedPredicate.describe(
        owner.getSimpleName() + "." + String.join(", ", methods),
        access ->
            access.getTargetOwner().isEquivalentTo(owner)
                && Arrays.asList(methods).contains(access.getName()));
  }

  @Test
  void noStaticCanBeAssigned() {
    fields()
        .that()
        .areStatic()
        .and()
        .doNotHaveModifier(JavaModifier.SYNTHETIC)
        .should()
        .beFinal()
        .check(MAIN);
  }
}
