package dev.vmpower.machine.libvirt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.vmpower.machine.cpu.CpuSet;
import org.junit.jupiter.api.Test;

/** The watch on a host without libvirt. */
class LibvirtWatchTest {
  @Test
  void withoutLibvirtItSaysSoOnceAndEndsWhenAsked() {
    RecordingListener told = new RecordingListener();
    try (LibvirtWatch watch = new LibvirtWatch("qemu:///system", told, "libnosuch.so.0", 1)) {
      watch.start();
      await().until(() -> !told.calls().isEmpty());

      assertThatThrownBy(() -> watch.pin("vm", 0, CpuSet.of(0)))
          .isInstanceOf(LibvirtException.class)
          .hasMessage("there is no connection to libvirt now");
    }

    assertThat(told.calls())
        .containsExactly(
            "disconnected libvirt is not installed here: libnosuch.so.0 cannot be loaded");
    assertThat(Thread.getAllStackTraces().keySet())
        .extracting(Thread::getName)
        .doesNotContain("libvirt", "libvirt-patience");
  }

  @Test
  void aWatchThatNeverStartedCanBeClosed() {
    new LibvirtWatch("qemu:///system", new RecordingListener()).close();
  }
}
