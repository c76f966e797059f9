package dev.vmpower.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * The packages on a clean Debian 12 that systemd has booted: installed, used, upgraded while a
 * guest is served, killed, removed and purged. The steps are those of one machine's life, in that
 * order.
 */
@Tag("lab")
@ExtendWith(Lab.class)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class DistTest {
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final String LISTING =
      "find / -xdev \\( -path /proc -o -path /sys -o -path /run -o -path /tmp -o -path /var/tmp"
          + " -o -path /var/log -o -path /var/lib/dpkg -o -path /var/cache -o -path /srv"
          + " -o -path /var/lib/systemd \\) -prune -o -print";
  private static final String VM =
      """
      [libvirt]
      uri = ""
      [[vm]]
      name = "vm0"
      channels = "/srv/vm0"
      vcpus = ["1"]
      """;

  private static DebianMachine machine;
  private static SortedMap<String, String> asFound;
  private static Set<String> files;

  private static Process guest;
  private static Writer toGuest;
  private static BufferedReader fromGuest;

  @BeforeAll
  static void boot() throws IOException {
    Optional<String> missing = DebianMachine.missing();
    if (missing.isPresent() && "true".equals(System.getenv("CI"))) {
      Assertions.fail("CI must run the lab, but " + missing.get());
    }
    missing.ifPresent(words -> System.err.println("no DistTest here: " + words));
    Assumptions.assumeTrue(missing.isEmpty(), missing.orElse(""));
    machine = DebianMachine.boot();
    asFound = machine.cpus().asFound();
    files = listing();
    machine.sh("mkdir -p /srv/vm0").output();
    guest =
        new ProcessBuilder(machine.enter("/usr/local/bin/fakeguest", "/srv/vm0", "vm0", "1"))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    toGuest = guest.outputWriter(StandardCharsets.UTF_8);
    fromGuest =
        new BufferedReader(new InputStreamReader(guest.getInputStream(), StandardCharsets.UTF_8));
  }

  @AfterAll
  static void end() {
    if (guest != null) {
      guest.destroyForcibly();
    }
    if (machine != null) {
      machine.close();
    }
  }

  private static Set<String> listing() {
    Set<String> listed = new TreeSet<>();
    machine.sh(LISTING).output().lines().forEach(listed::add);
    // The backups of those who change the groups.
    listed.removeIf(file -> file.matches("/etc/(group|gshadow)-"));
    return listed;
  }

  private static String ask(String line) throws IOException {
    toGuest.write(line + "\n");
    toGuest.flush();
    return String.valueOf(fromGuest.readLine());
  }

  /** Whether a process of the machine has these words on its command line; it has no pgrep. */
  private static boolean runs(String words) {
    String butTheShell = "[" + words.charAt(0) + "]" + words.substring(1);
    return machine
            .sh(
                "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' | grep -q '"
                    + butTheShell
                    + "'")
            .status()
        == 0;
  }

  private static void awaitServing() {
    await().atMost(PATIENCE).until(() -> machine.sh("vmpowerctl status").status() == 0);
  }

  private static String show(String property) {
    return machine.sh("systemctl show --value -p " + property + " vmpowerd").output();
  }

  @Test
  @Order(1)
  void installedItServesByItself() {
    machine.sh("dpkg -i /dist/vmpower_*.deb").output();
    awaitServing();

    assertThat(machine.sh("java -version").status()).as("no Java on this machine").isNotZero();
    assertThat(show("ActiveState")).isEqualTo("active");
    assertThat(show("Type")).isEqualTo("notify");
    assertThat(show("StatusText")).isEqualTo("serving");
    assertThat(show("WatchdogUSec")).isEqualTo("30s");
    assertThat(
            machine
                .sh(
                    "cat /proc/"
                        + show("MainPID")
                        + "/task/*/stat | grep CompilerThre"
                        + " | awk -F')' '{ split($2, after, \" \"); print after[17] }'")
                .output()
                .lines())
        .as("the nice value of its compilers, which the unit must allow")
        .isNotEmpty()
        .containsOnly("10");
    assertThat(machine.sh("systemctl is-enabled vmpowerd").output()).isEqualTo("enabled");
    assertThat(machine.sh("vmpowerctl cpu list 7").output()).contains("schedutil");
    assertThat(machine.sh("getent group vmpower vmpower-read").output()).hasLineCount(2);
    assertThat(machine.cpus().asFound()).as("nobody asked").isEqualTo(asFound);
  }

  @Test
  @Order(2)
  void aGuestMovesItsPcpu() throws IOException {
    machine.write("/etc/vmpower/vmpower.toml", VM);
    machine.sh("systemctl reload vmpowerd").output();

    assertThat(ask("wait 0")).isEqualTo("connected");
    assertThat(ask("min 0")).isEqualTo("ack");
    assertThat(machine.cpus().speed(1)).isEqualTo(PlainCpuTree.MIN);
  }

  @Test
  @Order(3)
  void anUpgradeHandsOverAndBouncesNothing() throws IOException {
    String before = show("MainPID");
    machine.sh("dpkg -i /dist/vmpower_*.deb").output();
    awaitServing();

    assertThat(show("MainPID")).isNotEqualTo(before);
    assertThat(ask("wait 0")).isEqualTo("connected");
    assertThat(machine.cpus().read(1, "scaling_governor")).isEqualTo("userspace");
    assertThat(machine.sh("journalctl -u vmpowerd").output()).contains("handed over");
    assertThat(ask("max 0")).isEqualTo("ack");
    assertThat(machine.cpus().speed(1)).isEqualTo(PlainCpuTree.TURBO);
    await("what waited for the next daemon has ended")
        .atMost(PATIENCE)
        .until(() -> !runs("--handed-over"));
  }

  @Test
  @Order(4)
  void aKilledDaemonComesBack() throws IOException {
    machine.sh("kill -KILL " + show("MainPID")).output();
    await().atMost(PATIENCE).until(() -> show("NRestarts").equals("1"));
    awaitServing();

    assertThat(ask("wait 0")).isEqualTo("connected");
    assertThat(ask("min 0")).isEqualTo("ack");
    assertThat(machine.cpus().speed(1)).isEqualTo(PlainCpuTree.MIN);
  }

  @Test
  @Order(5)
  void theUnitIsAsTightAsTheDocumentsSay() {
    String score =
        machine.sh("systemd-analyze security --offline=true vmpowerd.service | tail -1").output();
    System.err.println(score);
    assertThat(Double.parseDouble(score.replaceAll(".*: ([0-9.]+) .*", "$1"))).isLessThan(2.8);
  }

  @Test
  @Order(6)
  void theGuestsPackageStandsAlone() {
    machine.sh("dpkg -i /dist/vmpower-guest_*.deb").output();
    assertThat(machine.sh("vmpower-guest version").output()).startsWith("vmpower-guest ");
    Command asked = machine.sh("vmpower-guest max 0");
    assertThat(asked.status()).isEqualTo(1);
    assertThat(asked.err()).hasLineCount(1);
    machine.sh("dpkg -P vmpower-guest").output();
  }

  @Test
  @Order(7)
  void removedItHasGivenAllBack() {
    machine.sh("dpkg -r vmpower").output();

    assertThat(machine.cpus().asFound()).isEqualTo(asFound);
    assertThat(runs("/usr/lib/vmpower/runtime")).isFalse();
    assertThat(machine.sh("cat /etc/vmpower/vmpower.toml").output()).isEqualTo(VM.strip());
  }

  @Test
  @Order(8)
  void purgedItHasLeftNothingBehind() {
    machine.sh("dpkg -P vmpower").output();

    assertThat(listing()).isEqualTo(files);
    assertThat(machine.sh("ls -d /run/vmpower").status()).isNotZero();
    assertThat(machine.sh("grep vmpower /etc/group /etc/gshadow").status()).isEqualTo(1);
    assertThat(machine.sh("systemctl --failed --quiet list-units").output())
        .doesNotContain("vmpower");
  }

  @Test
  @Order(10)
  void builtAgainItIsTheSameButForWhatTheJvmSaw() {
    Path again = Checkout.emptyFolder("dist-again");
    DebianMachine.build("untrained", again);
    for (String name : List.of("vmpower", "vmpower-guest")) {
      assertThat(DebianMachine.contents(DebianMachine.debianPackage(again, name)))
          .as(name)
          .hasSizeGreaterThan(50)
          .isEqualTo(DebianMachine.contents(DebianMachine.debianPackage(name)));
    }
  }

  @Test
  @Order(9)
  void lintianHasNothingToSay() {
    for (String name : new String[] {"vmpower", "vmpower-guest"}) {
      Command lintian =
          Command.run(
              Duration.ofMinutes(2),
              List.of(
                  "lintian",
                  "--fail-on=error,warning",
                  "--allow-root",
                  "--suppress-tags=uses-no-compression-for-control-tarball"
                      + ",uses-no-compression-for-data-tarball",
                  DebianMachine.debianPackage(name).toString()));
      assertThat(lintian.out() + lintian.err()).isEmpty();
    }
  }
}
