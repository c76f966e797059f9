package dev.vmpower.host.monitor;

import static dev.vmpower.protocol.ReplyKind.ACK;
import static dev.vmpower.protocol.Unit.SCALE_MAX;
import static dev.vmpower.protocol.Unit.SCALE_MIN;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.vmpower.host.FakeGuest;
import dev.vmpower.host.Rig;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;
import org.slf4j.event.KeyValuePair;

/** What the log tells programs of guests' requests. */
class AuditTest {
  private final Logger logger = (Logger) LoggerFactory.getLogger("vmpower.audit");
  private final ListAppender<ILoggingEvent> lines = new ListAppender<>();

  @TempDir Path directory;

  @BeforeEach
  void listen() {
    logger.setLevel(Level.INFO);
    lines.start();
    logger.addAppender(lines);
  }

  @AfterEach
  void end() {
    logger.detachAppender(lines);
    logger.setLevel(Level.WARN);
  }

  @Test
  void aFloodIsOneLineOfItsVcpuWithWhatCameOfIt() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).vm("vm0", "0", "1").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      for (int i = 0; i < 50; i++) {
        assertThat(guest.ask(i % 2 == 0 ? SCALE_MAX : SCALE_MIN, 0)).isEqualTo(ACK);
      }
      rig.pass(6 * Rig.SECOND_NS);
      rig.pass(6 * Rig.SECOND_NS);

      List<ILoggingEvent> told = about("vm");
      long requests = 0;
      for (ILoggingEvent line : told) {
        requests += (Long) field(line, "requests");
      }
      assertThat(told).hasSizeBetween(1, 2);
      assertThat(requests).isEqualTo(50);
      assertThat(field(told.getLast(), "vm")).isEqualTo("vm0");
      assertThat(field(told.getLast(), "vcpu")).isEqualTo(0);
      assertThat(field(told.getLast(), "asked")).isEqualTo("min");

      ILoggingEvent outcome = about("target_khz").getLast();
      assertThat(field(outcome, "cpus")).hasToString("0");
      assertThat(field(outcome, "target_khz")).isEqualTo(1_200_000);
      assertThat(field(outcome, "written_khz")).isEqualTo(1_200_000);
      assertThat(field(outcome, "why")).isEqualTo("vm0 vCPU 0 asks for min");
      assertThat(about("target_khz").stream().mapToLong(each -> (Long) field(each, "writes")).sum())
          .isGreaterThanOrEqualTo(49);
    }
  }

  @Test
  void whereNobodyAsksNothingIsTold() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).vm("vm0", "0", "1").start()) {
      rig.guest("vm0", 0).ask(SCALE_MIN, 0);
      rig.pass(6 * Rig.SECOND_NS);
      rig.pass(6 * Rig.SECOND_NS);
      int told = lines.list.size();

      rig.pass(6 * Rig.SECOND_NS);
      rig.pass(6 * Rig.SECOND_NS);

      assertThat(lines.list).hasSize(told);
    }
  }

  @Test
  void whatIsGivenBackIsTold() throws Exception {
    try (Rig rig = Rig.withCpus(directory, 2).vm("vm0", "0", "1").start()) {
      FakeGuest guest = rig.guest("vm0", 0);
      guest.ask(SCALE_MIN, 0);
      rig.pass(6 * Rig.SECOND_NS);
      rig.pass(6 * Rig.SECOND_NS);
      guest.close();
      rig.pass(6 * Rig.SECOND_NS);
      rig.pass(6 * Rig.SECOND_NS);

      ILoggingEvent last = about("target_khz").getLast();
      assertThat(field(last, "target_khz")).isEqualTo(0);
      assertThat(field(last, "why")).isEqualTo("nobody asks");
    }
  }

  private List<ILoggingEvent> about(String name) {
    return lines.list.stream()
        .filter(line -> line.getKeyValuePairs().stream().anyMatch(pair -> pair.key.equals(name)))
        .toList();
  }

  private static Object field(ILoggingEvent line, String name) {
    for (KeyValuePair pair : line.getKeyValuePairs()) {
      if (pair.key.equals(name)) {
        return pair.value;
      }
    }
    throw new AssertionError("no field " + name);
  }
}
