package dev.vmpower.machine.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vmpower.machine.sysfs.DirectorySysfs;
import dev.vmpower.machine.sysfs.Tree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Topologies of plain trees, whole and broken. */
class TopologyTest {
  @TempDir Path root;
  private Tree tree;

  /**
   * Two cores of two threads on two packages, as the kernel numbers them; cpu0 is always online.
   */
  @BeforeEach
  void build() {
    tree = new Tree(root).put("online", "0-3\n").put("present", "0-3\n").put("possible", "0-7\n");
    for (int cpu = 0; cpu < 4; cpu++) {
      int first = cpu % 2;
      tree.putAll(
          "cpu" + cpu + "/topology",
          "thread_siblings_list " + first + "," + (first + 2),
          "physical_package_id " + first);
      if (cpu > 0) {
        tree.put("cpu" + cpu + "/online", "1\n");
      }
    }
  }

  @Test
  void aWholeMachineIsReadAsItIs() {
    assertThat(read())
        .isEqualTo(
            new Topology(
                CpuSet.of(0, 1, 2, 3),
                CpuSet.of(0, 1, 2, 3),
                Map.of(
                    0, CpuSet.of(0, 2), 1, CpuSet.of(1, 3), 2, CpuSet.of(0, 2), 3, CpuSet.of(1, 3)),
                Map.of(0, 0, 1, 1, 2, 0, 3, 1)));
  }

  @Test
  void whatIsNoCpuIsNotOne() throws IOException {
    for (String name :
        new String[] {"cpufreq", "cpuidle", "cpu", "cpux", "cpu4a", "cpu04", "xcpu4", "cpu9999"}) {
      Files.createDirectory(root.resolve(name));
    }
    assertThat(read().present()).isEqualTo(CpuSet.of(0, 1, 2, 3));
  }

  @Test
  void oneThatTheListLeavesOutIsOffline() {
    tree.put("online", "0,2-3\n");
    assertThat(read().online()).isEqualTo(CpuSet.of(0, 2, 3));
  }

  @Test
  void oneWhoseOwnFileSaysSoIsOffline() {
    tree.put("cpu2/online", "0\n");
    assertThat(read().online()).isEqualTo(CpuSet.of(0, 1, 3));
    assertThat(read().present()).isEqualTo(CpuSet.of(0, 1, 2, 3));
  }

  @Test
  void withoutAListTheOwnFilesCount() throws IOException {
    tree.put("cpu2/online", "0\n");
    for (String list : new String[] {"junk\n", "", "\n", "100-103\n"}) {
      tree.put("online", list);
      assertThat(read().online()).as(list).isEqualTo(CpuSet.of(0, 1, 3));
    }
    Files.delete(root.resolve("online"));
    assertThat(read().online()).isEqualTo(CpuSet.of(0, 1, 3));
  }

  @Test
  void aListMayNameMoreThanThereAre() {
    tree.put("online", "0-63\n");
    assertThat(read().online()).isEqualTo(CpuSet.of(0, 1, 2, 3));
  }

  @Test
  void aCoreOfOneThreadOrWithoutAListHasNoSiblings() throws IOException {
    tree.put("cpu0/topology/thread_siblings_list", "0\n");
    Files.delete(root.resolve("cpu1/topology/thread_siblings_list"));
    tree.put("cpu2/topology/thread_siblings_list", "junk\n");
    tree.put("cpu3/topology/thread_siblings_list", "0-1\n"); // not even its own

    assertThat(read().siblings()).isEmpty();
  }

  @Test
  void siblingsThatAreNotThereAreLeftOut() {
    tree.put("cpu0/topology/thread_siblings_list", "0,2,8\n");
    assertThat(read().siblings()).containsEntry(0, CpuSet.of(0, 2));
  }

  @Test
  void aPackageThatIsNotToldIsZero() throws IOException {
    tree.put("cpu0/topology/physical_package_id", "-1\n");
    tree.put("cpu1/topology/physical_package_id", "junk\n");
    Files.delete(root.resolve("cpu3/topology/physical_package_id"));

    assertThat(read().packages()).isEqualTo(Map.of(0, 0, 1, 0, 2, 0, 3, 0));
  }

  @Test
  void anEmptyOrMissingTreeHasNoCpus() {
    assertThat(Topology.read(new DirectorySysfs(root.resolve("missing"))).present())
        .isEqualTo(CpuSet.of());
  }

  /** What tests on this machine can say of the kernel's own tree. */
  @Test
  void theMachineThatRunsThisHasAnOnlineCpu() {
    Topology here = Topology.read(new DirectorySysfs(Path.of("/sys/devices/system/cpu")));

    assertThat(here.online().isEmpty()).isFalse();
    assertThat(here.present().containsAll(here.online())).isTrue();
  }

  private Topology read() {
    return Topology.read(new DirectorySysfs(root));
  }
}
