package dev.vmpower.host.monitor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vmpower.host.Rig;
import dev.vmpower.host.view.PinningView;
import dev.vmpower.machine.fake.FakeSysfs;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where vCPUs may run, as operators see and change it. */
class PinningTest {
  @TempDir Path directory;

  @Test
  void eachVcpuNamesItsClocksAndWhomItSharesThemWith() throws Exception {
    FakeSysfs sysfs =
        new FakeSysfs().put("online", "0-3").addPolicy(Rig.TABLE, 0, 1).addCpus(2, 2, Rig.TABLE);
    try (Rig rig = new Rig(directory, sysfs).vm("vm0", "0", "2-3").vm("vm1", "1-2").start()) {
      assertThat(rig.ask(new Verb.ListPinning()))
          .containsExactly(
              new PinningView("vm0", 0, "0", "0", List.of(), null),
              new PinningView("vm0", 1, "2-3", "2-3", List.of("vm1/0"), null),
              new PinningView("vm1", 0, "1-2", "0,2", List.of("vm0/1"), null));
    }
  }

  @Test
  void ofManyNeighboursTheFirstAreNamed() throws Exception {
    List<String> everywhere = new ArrayList<>();
    for (int i = 0; i < PinningViews.SHARED_WITH_MAX + 5; i++) {
      everywhere.add("0-1");
    }
    try (Rig rig =
        Rig.withCpus(directory, 2).vm("vm0", everywhere.toArray(String[]::new)).start()) {
      PinningView first = rig.ask(new Verb.ListPinning()).getFirst();

      assertThat(first.sharedWith()).hasSize(PinningViews.SHARED_WITH_MAX + 1);
      assertThat(first.sharedWith()).startsWith("vm0/1").endsWith("and 4 more");
      assertThat(first.refused()).contains("not pinned");
    }
  }
}
