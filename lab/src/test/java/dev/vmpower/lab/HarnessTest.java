package dev.vmpower.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SocketChannel;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The lab itself, without a daemon: what fails here makes all else meaningless. */
@Tag("lab")
@Order(1)
@ExtendWith(Lab.class)
class HarnessTest {
  private static final int PACKET_BYTES = 464;
  private static final int COMMAND_OFFSET = 12;
  private static final int UNIT_OFFSET = 8;
  private static final int CONNECT = 2;
  private static final int CPU_POWER = 1;
  private static final int SCALE_MIN = 4;

  /** This test is the daemon, as far as the guest can tell. */
  @Test
  void aDpdkGuestIsLedStepByStepAndGetsItsAnswer(LabLibvirt libvirt) throws IOException {
    try (LabGuest guest = LabGuest.boot(libvirt, "harness", "0", "1");
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      channel.connect(UnixDomainSocketAddress.of(LabGuest.sockets().resolve("harness.0")));

      guest.startApplication(0);
      assertThat(receive(channel).getInt(COMMAND_OFFSET)).isEqualTo(CONNECT);
      assertThat(guest.step("min 0").line()).isEqualTo("ok ret=1 errno=0");
      ByteBuffer request = receive(channel);
      assertThat(request.getInt(COMMAND_OFFSET)).isEqualTo(CPU_POWER);
      assertThat(request.getInt(UNIT_OFFSET)).isEqualTo(SCALE_MIN);
      channel.write(request);
      guest.step("ack 0").isAck();
      guest.endApplication();

      assertThat(guest.virsh("vcpupin")).containsPattern("0 +0").containsPattern("1 +1");
    }
  }

  @Test
  void theMachineHasARealCpufreqDriverAndLogsWhatReachesTheHardware() {
    try (CpufreqMachine machine = CpufreqMachine.boot(2)) {
      int before = machine.pStateCommands();

      assertThat(machine.read(3, "scaling_driver")).isEqualTo("acpi-cpufreq");
      assertThat(machine.read(3, "related_cpus")).isEqualTo("2 3");
      machine.run(
          """
          cd /sys/devices/system/cpu/cpu3/cpufreq
          echo userspace >scaling_governor
          echo 1200000 >scaling_setspeed # nothing is sent where it is at that already
          echo 2601000 >scaling_setspeed
          echo 1200000 >scaling_setspeed
          """);

      assertThat(machine.pStates(2, before)).endsWith("2601000", "1200000");
    }
  }

  private static ByteBuffer receive(SocketChannel channel) throws IOException {
    ByteBuffer packet = ByteBuffer.allocate(PACKET_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    while (packet.hasRemaining()) {
      assertThat(channel.read(packet)).isPositive();
    }
    return packet.flip();
  }
}
