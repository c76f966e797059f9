package dev.vmpower.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import org.junit.jupiter.api.TestInfo;

/**
 * A daemon within a {@link CpufreqMachine}, and guests on their sockets: {@code fakeguest.c} in
 * place of VMs, which would be too slow in a machine that is emulated itself.
 */
final class InnerHost implements AutoCloseable {
  private static final String SOCKETS = "/run/channels";
  private static final String CONTROL = "/run/vmpower/control.sock";

  private final CpufreqMachine machine;

  private InnerHost(CpufreqMachine machine) {
    this.machine = machine;
  }

  /** Boots a machine with {@code shared} neighbours on one clock. */
  static InnerHost boot(int shared) {
    return new InnerHost(CpufreqMachine.boot(shared));
  }

  CpufreqMachine machine() {
    return machine;
  }

  @Override
  public void close() {
    machine.close();
  }

  /** Starts the sockets of a VM that the daemon's configuration names. */
  void startGuest(String name, int channels) {
    machine.run(
        """
        mkdir -p -m 700 %1$s
        rm -f /run/%2$s.in /run/%2$s.out
        mkfifo /run/%2$s.in /run/%2$s.out
        %3$s/fakeguest %1$s %2$s %4$d <>/run/%2$s.in 1<>/run/%2$s.out 2>/run/%2$s.err &
        echo $! >/run/%2$s.pid
        """
            .formatted(SOCKETS, name, Checkout.build(), channels));
  }

  /** Ends a VM as a crash does, if it runs: its sockets hang up and their files stay. */
  void killGuest(String name) {
    machine.run("kill -9 $(cat /run/%1$s.pid) || true".formatted(name));
  }

  /** The table of a VM whose vCPU i is pinned to {@code pcpus[i]}. */
  static String vm(String name, String... pcpus) {
    return """
    [[vm]]
    name = "%s"
    channels = "%s"
    vcpus = ["%s"]
    query = true
    """
        .formatted(name, SOCKETS, String.join("\", \"", pcpus));
  }

  /** Starts the daemon and waits until it serves. */
  void startDaemon(String... vms) {
    launchDaemon(vms);
    machine.run(
        """
        until grep -qw ready /run/lab/log; do
          sleep 0.2
          if [ -e /run/lab/status ]; then cat /run/lab/log; exit 1; fi
        done
        """);
  }

  /** Starts the daemon and does not wait. */
  void launchDaemon(String... vms) {
    machine.run(
        """
        mkdir -p /run/lab
        cat >/run/lab/vmpower.toml <<'TOML'
        [libvirt]
        uri = ""
        [state]
        dir = "/run/lab/state"
        lib = "/run/lab/lib"
        [control]
        socket = "%s"
        %s
        TOML
        """
            .formatted(CONTROL, String.join("\n", vms)));
    launch("daemon");
  }

  /** Gives back what a daemon that was killed had managed, without another; does not wait. */
  void launchRestore() {
    launch("daemon restore");
  }

  /** Gives back what a daemon that was killed had managed, without another. */
  void restore() {
    launchRestore();
    assertThat(awaitEnd()).as("status of restore").isEqualTo("0");
  }

  private void launch(String verb) {
    // Compiled code would be compiled again by the emulator, and four CPUs share this machine's.
    machine.run(
        """
        cd %s
        rm -f /run/lab/status /run/lab/log /run/lab/pid
        (
          bash -c 'echo $$ >/run/lab/pid
            export JAVA_TOOL_OPTIONS=-Xint
            exec taskset -c 0,1 ./vmpower %s --config /run/lab/vmpower.toml'
          echo $? >/run/lab/status
        ) >/dev/null 2>/run/lab/log &
        until [ -s /run/lab/pid ]; do sleep 0.02; done
        """
            .formatted(Checkout.top(), verb));
  }

  /** Sends SIGTERM and returns the exit status. */
  String terminateDaemon() {
    return signalDaemon("TERM");
  }

  String killDaemon() {
    return signalDaemon("KILL");
  }

  private String signalDaemon(String signal) {
    machine.run("kill -%s $(cat /run/lab/pid) || true".formatted(signal));
    return awaitEnd();
  }

  private String awaitEnd() {
    return machine.run(
        """
        for i in $(seq 900); do [ -e /run/lab/status ] && break; sleep 0.1; done
        cat /run/lab/status
        """);
  }

  /** The lines of the daemon's log that contain {@code words}. */
  String logged(String words) {
    return machine.run("grep -F '%s' /run/lab/log || true".formatted(words));
  }

  boolean daemonRuns() {
    return "yes"
        .equals(
            machine.run("[ -e /run/lab/pid ] && [ ! -e /run/lab/status ] && echo yes || echo no"));
  }

  /** Copies the daemon's log to this machine, to be read after a failure. */
  void saveLog(TestInfo test) {
    try {
      Files.writeString(
          LabHost.folder(test).resolve("daemon.log"), machine.run("cat /run/lab/log || true"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** One command of {@code fakeguest.c}, such as {@code min 0}; returns its answer. */
  String ask(String guest, String command) {
    return machine.run(
        "echo '%s' >/run/%s.in && read -r answer </run/%s.out && echo \"$answer\""
            .formatted(command, guest, guest));
  }

  void isAcked(String guest, String command) {
    assertThat(ask(guest, command)).as(command).isEqualTo("ack");
  }

  void isNacked(String guest, String command) {
    assertThat(ask(guest, command)).as(command).isEqualTo("nack");
  }

  String ctl(String verb) {
    return machine.run(
        "cd %s && JAVA_TOOL_OPTIONS=-Xint taskset -c 0,1 ./vmpower ctl --socket %s %s -o json"
            .formatted(Checkout.top(), CONTROL, verb));
  }

  /** After a failed test: no daemon, nothing saved, and governors as this kernel boots with. */
  void startOver() {
    if (daemonRuns()) {
      killDaemon();
    }
    machine.run(
        """
        rm -rf /run/lab
        cd /sys/devices/system/cpu
        for online in cpu*/online; do echo 1 >$online; done
        for policy in cpufreq/policy*; do echo schedutil >$policy/scaling_governor; done
        """);
  }

  /** Governor and limits of every frequency domain, a line each. */
  String settings() {
    return machine.run(
        "cd /sys/devices/system/cpu/cpufreq"
            + " && grep . policy*/scaling_{governor,min_freq,max_freq}");
  }
}
