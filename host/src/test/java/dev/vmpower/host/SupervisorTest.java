package dev.vmpower.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vmpower.machine.process.Supervisor;
import dev.vmpower.protocol.Command;
import dev.vmpower.protocol.Unit;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** sd_notify's messages, on a real datagram socket. */
class SupervisorTest {
  private static final String OWN_PID = Long.toString(ProcessHandle.current().pid());

  @TempDir Path directory;

  @Test
  void messagesReachASocketAtAPathAndOneWithoutAFile() throws Exception {
    for (String name : new String[] {directory.resolve("notify").toString(), "@" + directory}) {
      try (NotifySocket systemd = NotifySocket.bind(name)) {
        Supervisor manager = Supervisor.of(Map.of("NOTIFY_SOCKET", name));

        manager.ready("serving\nwell");
        manager.reloading();
        manager.feed();
        manager.stopping();

        assertThat(systemd.receive()).isEqualTo("READY=1\nSTATUS=serving well");
        assertThat(systemd.receive()).matches("RELOADING=1\nMONOTONIC_USEC=[0-9]{5,}");
        assertThat(systemd.receive()).isEqualTo("WATCHDOG=1");
        assertThat(systemd.receive()).startsWith("STOPPING=1\nSTATUS=");
      }
    }
  }

  @Test
  void whereNobodyReadsNothingWaits() throws Exception {
    String name = directory.resolve("notify").toString();
    try (NotifySocket systemd = NotifySocket.bind(name)) {
      Supervisor manager = Supervisor.of(Map.of("NOTIFY_SOCKET", name));

      assertThatThrownBy(
              () -> {
                for (int i = 0; i < 10_000; i++) {
                  manager.feed();
                }
              })
          .isInstanceOf(IOException.class)
          .hasMessageContaining("temporarily unavailable");
      assertThat(systemd.receive()).isEqualTo("WATCHDOG=1");
    }
  }

  @Test
  void theWatchdogIsThatOfThisProcess() throws Exception {
    assertThat(watchdogNs(Map.of("WATCHDOG_USEC", "30000000"))).isEqualTo(30_000_000_000L);
    assertThat(watchdogNs(Map.of("WATCHDOG_USEC", "500000", "WATCHDOG_PID", OWN_PID)))
        .isEqualTo(500_000_000L);
    assertThat(watchdogNs(Map.of("WATCHDOG_USEC", "500000", "WATCHDOG_PID", "1"))).isZero();
    assertThat(watchdogNs(Map.of())).isZero();
    assertThatThrownBy(() -> watchdogNs(Map.of("WATCHDOG_USEC", "soon")))
        .hasMessageContaining("WATCHDOG_USEC=soon");
  }

  private long watchdogNs(Map<String, String> environment) throws IOException {
    Map<String, String> all = new HashMap<>(environment);
    all.put("NOTIFY_SOCKET", directory.resolve("notify").toString());
    return Supervisor.of(all).watchdogNs();
  }

  @Test
  void withoutASocketNothingIsSaidAndAWrongOneIsOneLine() throws Exception {
    Supervisor none = Supervisor.of(Map.of("WATCHDOG_USEC", "1000000"));
    none.ready("");
    assertThat(none.watchdogNs()).isZero();

    assertThatThrownBy(() -> Supervisor.of(Map.of("NOTIFY_SOCKET", "notify")))
        .hasMessage("NOTIFY_SOCKET=notify is neither a path nor @NAME");
    assertThatThrownBy(() -> Supervisor.of(Map.of("NOTIFY_SOCKET", "/" + "x".repeat(108))))
        .hasMessageEndingWith("is longer than 107 bytes");
  }

  /** The watchdog is fed while the monitor's loop turns, and not while it hangs. */
  @Test
  void aDaemonIsReadyAndAliveUntilItsMonitorHangs() throws Exception {
    String name = directory.resolve("notify").toString();
    try (ScratchHost host = new ScratchHost(directory);
        NotifySocket systemd = NotifySocket.bind(name)) {
      Map<String, String> environment = Map.of("NOTIFY_SOCKET", name, "WATCHDOG_USEC", "400000");
      Process daemon = host.start(environment, Daemon.class, List.of());
      String message = systemd.receive();
      while (!message.startsWith("READY=1")) {
        assertThat(message).isEqualTo("WATCHDOG=1");
        message = systemd.receive();
      }
      for (int i = 0; i < 3; i++) {
        assertThat(systemd.receive()).isEqualTo("WATCHDOG=1");
      }
      assertThat(signal("HUP", daemon)).isZero();
      awaitMessage(systemd, "RELOADING=1");
      awaitMessage(systemd, "READY=1");

      Path governor = host.policy(0).resolve("scaling_governor");
      Files.delete(governor);
      assertThat(new ProcessBuilder("mkfifo", governor.toString()).start().waitFor()).isZero();
      try (FakeGuest guest = host.guest()) {
        guest.awaitConnection();
        guest.send(Command.CPU_POWER, Unit.SCALE_MIN, 0); // the monitor opens the FIFO, and waits
        systemd.setWait(2);
        assertThatThrownBy(
                () -> {
                  for (int i = 0; i < 50; i++) {
                    assertThat(systemd.receive()).isEqualTo("WATCHDOG=1");
                  }
                })
            .hasMessageContaining("temporarily unavailable");
        assertThat(daemon.isAlive()).isTrue();
      }
    }
  }

  private static int signal(String signal, Process process)
      throws IOException, InterruptedException {
    return new ProcessBuilder("kill", "-" + signal, "" + process.pid()).start().waitFor();
  }

  private static void awaitMessage(NotifySocket systemd, String begin) throws IOException {
    String message = systemd.receive();
    while (!message.startsWith(begin)) {
      assertThat(message).isEqualTo("WATCHDOG=1");
      message = systemd.receive();
    }
  }
}
