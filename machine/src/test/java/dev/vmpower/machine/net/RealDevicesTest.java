package dev.vmpower.machine.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/**
 * Real packets through a real tap and a real macvtap device, counted: {@link TapTraffic} in a
 * network namespace of its own, so that not one of them goes anywhere else.
 */
class RealDevicesTest {
  private static final int CHILD_SECONDS_MAX = 60;

  // Without IPv6 the kernel has nothing of its own to send.
  private static final String SYSFS =
      "mount -t sysfs none /sys"
          + " && for f in /proc/sys/net/ipv6/conf/*/disable_ipv6; do"
          + " [ ! -e $f ] || echo 1 > $f; done && ";
  private static final String MACVTAP =
      "ip link add va type veth peer name vb"
          + " && ip link add link va name macvtap0 address 52:54:00:00:00:07"
          + " type macvtap mode bridge"
          + " && for i in va vb macvtap0; do ip link set $i up; done && ";

  /** What a VM reads from its tap it has received; what it writes there it has not. */
  @Test
  void whatIsReadFromATapIsCountedAndNothingElse() throws Exception {
    assertThat(child(SYSFS, "tap"))
        .containsExactly(
            "before 0", "sent 100", "unread 0", "read equals counted", "written 0 more");
  }

  /** A device that is made anew begins anew, which shows as a lower count. */
  @Test
  void aTapThatIsMadeAnewBeginsAtNothing() throws Exception {
    assertThat(child(SYSFS, "tap-again")).containsExactly("read 40 or more", "made anew 0");
  }

  @Test
  void whatComesToAMacvtapIsCountedAndNothingElse() throws Exception {
    needs(Files.isExecutable(Path.of("/usr/sbin/ip")), "ip: install iproute2");

    assertThat(child(SYSFS + MACVTAP, "macvtap")).containsExactly("as macvtap 25", "as tap 25");
  }

  /** A machine without these parts is told so; the build machine has to have them. */
  private static void needs(boolean there, String what) {
    if (!there && "true".equals(System.getenv("CI"))) {
      throw new AssertionError("needs " + what);
    }
    Assumptions.assumeTrue(there, "needs " + what);
  }

  private static List<String> child(String before, String what) throws Exception {
    needs((int) Files.getAttribute(Path.of("/proc/self"), "unix:uid") == 0, "root");
    needs(Files.exists(Path.of("/dev/net/tun")), "/dev/net/tun");
    needs(Files.isExecutable(Path.of("/usr/bin/unshare")), "unshare: install util-linux");
    Process child =
        new ProcessBuilder(
                "/usr/bin/unshare",
                "--net",
                "--mount",
                "sh",
                "-c",
                before + "exec \"$@\"",
                "sh",
                ProcessHandle.current().info().command().orElseThrow(),
                "--enable-native-access=ALL-UNNAMED",
                "-Xshare:auto",
                "-cp",
                System.getProperty("java.class.path"),
                TapTraffic.class.getName(),
                what)
            .redirectErrorStream(true)
            .start();
    try {
      List<String> lines =
          new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
              .lines()
              .toList();
      assertThat(child.waitFor(CHILD_SECONDS_MAX, TimeUnit.SECONDS)).isTrue();
      return lines;
    } finally {
      child.destroyForcibly();
    }
  }
}
