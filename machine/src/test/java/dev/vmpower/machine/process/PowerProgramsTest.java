package dev.vmpower.machine.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PowerProgramsTest {
  @TempDir Path directory;

  private PowerPrograms programs() throws IOException {
    Files.createDirectories(directory.resolve("proc/self"));
    return new PowerPrograms(directory.resolve("proc"), directory.resolve("units"), 1);
  }

  private void process(int pid, String comm, String commandLine) throws IOException {
    Path process = Files.createDirectories(directory.resolve("proc/" + pid));
    Files.writeString(process.resolve("comm"), comm + "\n");
    Files.writeString(process.resolve("cmdline"), commandLine.replace(' ', '\0') + "\0");
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '"',
      value = {
        "tuned, /usr/bin/python3 -Es /usr/sbin/tuned -l -P, TuneD",
        "python3, /usr/bin/python3 -Es /usr/sbin/tuned -l -P, TuneD",
        "python3.11, python3 /opt/bin/auto-cpufreq --daemon, auto-cpufreq",
        "power-profiles-, /usr/libexec/power-profiles-daemon, power-profiles-daemon",
        "thermald, /usr/sbin/thermald --systemd, thermald",
        "bash, /bin/bash /usr/sbin/tlp init start, TLP",
        "dpdk-vm_power_m, ./dpdk-vm_power_manager -l 0-1, DPDK's vm_power_manager",
        "dpdk-l3fwd-powe, dpdk-l3fwd-power -l 1-2, DPDK's l3fwd-power",
        "java, /usr/bin/java -cp x dev.vmpower.host.Daemon --config a, another vmpowerd",
        "java, /usr/bin/java -m dev.vmpower/dev.vmpower.host.Daemon, another vmpowerd",
      })
  void aProgramIsKnownByItsNameOrWhatItRuns(String comm, String commandLine, String name)
      throws IOException {
    process(812, comm, commandLine);

    assertThat(programs().find()).containsExactly(new PowerProgram(name, 812, ""));
    assertThat(PowerPrograms.accuse(programs().find()))
        .isEqualTo(name + " (pid 812) runs here and is the likely cause");
  }

  @ParameterizedTest
  @CsvSource({
    "vim, vim /etc/tuned/tuned-main.conf",
    "tuned-adm, /usr/sbin/tuned-adm active",
    "kworker/0:1, ''",
    "java, java -cp x dev.vmpower.host.Daemon restore --config a",
    "grep, grep tuned",
    "bash, bash -c tail /var/log/tuned",
    "python3, python3 status.py --of tuned",
  })
  void othersAreNotMeant(String comm, String commandLine) throws IOException {
    process(7, comm, commandLine);
    process(1, "tuned", "/usr/sbin/tuned"); // this process itself

    assertThat(programs().find()).isEmpty();
    assertThat(PowerPrograms.accuse(programs().find()))
        .isEqualTo("no known power daemon runs here");
  }

  @Test
  void whatDidItsWorkAndEndedIsKnownByItsUnit() throws IOException {
    Files.createDirectories(directory.resolve("units"));
    Files.createSymbolicLink(
        directory.resolve("units/invocation:tlp.service"), Path.of("4f0b1cfa"));

    assertThat(PowerPrograms.accuse(programs().find()))
        .isEqualTo("TLP (tlp.service) has run here and may be the cause");
    process(9, "thermald", "thermald");
    assertThat(PowerPrograms.accuse(programs().find()))
        .isEqualTo("thermald (pid 9), TLP (tlp.service) run here: the cause is likely one of them");
  }

  @Test
  void noMoreAreFoundThanAnybodyReads() throws IOException {
    for (int pid = 100; pid < 200; pid++) {
      process(pid, "tuned", "tuned");
    }
    assertThat(programs().find()).hasSize(PowerPrograms.FOUND_MAX);
  }

  /** A real process of that name, of which the kernel tells. */
  @Test
  void aRealProcessIsFound() throws IOException {
    Path script = directory.resolve("auto-cpufreq");
    Files.writeString(script, "#!/bin/sh\nread line\n");
    Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwx------"));
    Process process = new ProcessBuilder(script.toString()).start();
    try {
      PowerProgram expected = new PowerProgram("auto-cpufreq", (int) process.pid(), "");
      await().untilAsserted(() -> assertThat(new PowerPrograms().find()).contains(expected));
    } finally {
      process.destroyForcibly();
    }
  }
}
