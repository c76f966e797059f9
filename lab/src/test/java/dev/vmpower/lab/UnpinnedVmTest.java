package dev.vmpower.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.extension.ExtendWith;

/** A VM that nobody pinned: it would steer the whole host, so it steers nothing. */
@Tag("lab")
@Order(6)
@ExtendWith(Lab.class)
class UnpinnedVmTest {
  @Test
  void itIsRefusedWithAReasonUntilAnOperatorPinsIt(TestInfo test, LabLibvirt libvirt) {
    Path folder = LabHost.folder(test);
    // As many as here, for a vCPU that floats may run on all online pCPUs.
    int cpus = Runtime.getRuntime().availableProcessors();
    PlainCpuTree tree = PlainCpuTree.create(folder.resolve("cpu"), cpus, cpus, 1);
    try (LabGuest guest = LabGuest.boot(libvirt, "floating");
        LabHost host = LabHost.start(folder, tree, libvirt)) {
      guest.startApplication(0);

      guest.ask("min", 0).isNack();
      host.isAsFound();
      host.awaitLog("floating.*pin");

      host.ctl().json("pin", "floating", "0", "1");
      guest.ask("min", 0).isAck();
      assertThat(tree.speed(1)).isEqualTo(PlainCpuTree.MIN);
      assertThat(tree.speed(0)).isEqualTo(PlainCpuTree.GOVERNOR);
      assertThat(guest.virsh("vcpupin", "0")).containsPattern("0 +1");
    }
  }
}
