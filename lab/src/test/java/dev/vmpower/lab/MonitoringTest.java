package dev.vmpower.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** What Prometheus' own checker says of the metrics of a running daemon and of the alert rules. */
@Tag("lab")
@Order(0)
@Timeout(180)
@ExtendWith(Lab.class)
class MonitoringTest {
  private static final String PROMTOOL = Checkout.build().resolve("promtool").toString();
  private static final Path RULES = Checkout.top().resolve("dist/monitoring");

  @Test
  void theRulesDoWhatTheirTestsSay() {
    promtool("check", "rules", RULES.resolve("vmpower.rules.yml").toString());
    promtool("test", "rules", RULES.resolve("vmpower.rules.test.yml").toString());
  }

  @Test
  void theMetricsOfARunningDaemonAreAsTheyShouldBe(TestInfo test) throws IOException {
    Path folder = LabHost.folder(test);
    PlainCpuTree tree = PlainCpuTree.create(folder.resolve("cpu"), 4, 4, 1);
    Path sockets = Files.createTempDirectory("vmpower-metrics"); // paths of sockets are short
    Path config = folder.resolve("vmpower.toml");
    Files.writeString(config, text(folder, tree, sockets));
    try (SocketGuest guest = new SocketGuest(sockets.resolve("vm0.0"));
        LabDaemon daemon = LabDaemon.start(config, folder.resolve("daemon.log"))) {
      guest.accept();
      assertThat(guest.ask(0, SocketGuest.MIN)).isTrue();
      assertThat(guest.ask(7, SocketGuest.MIN)).as("of a vCPU that is not its").isFalse();
      Path metrics = folder.resolve("metrics");
      Files.writeString(metrics, new Ctl(sockets.resolve("control.sock")).metrics());

      assertThat(metrics).content().contains("vmpower_cpu_target_hertz", "reason=\"others_vcpu\"");
      String check = "'" + PROMTOOL + "' check metrics <'" + metrics + "' 2>&1";
      assertThat(Command.run("sh", "-c", check).output()).isEmpty();
      daemon.terminate();
    } finally {
      Command.run("rm", "-r", sockets.toString()).output();
    }
  }

  private static String text(Path folder, PlainCpuTree tree, Path sockets) {
    return """
        [cpu]
        root = "%s"
        [state]
        dir = "%s"
        lib = "%s"
        [control]
        socket = "%s"
        [libvirt]
        uri = ""
        [[vm]]
        name = "vm0"
        channels = "%s"
        vcpus = ["1", "2-3"]
        """
        .formatted(
            tree.root(),
            folder.resolve("state"),
            folder.resolve("lib"),
            sockets.resolve("control.sock"),
            sockets);
  }

  private static void promtool(String... words) {
    List<String> line = new ArrayList<>(List.of(PROMTOOL));
    line.addAll(List.of(words));
    Command checked = Command.run(Duration.ofMinutes(1), line);
    assertThat(checked.status()).as("%s%s", checked.out(), checked.err()).isZero();
  }
}
