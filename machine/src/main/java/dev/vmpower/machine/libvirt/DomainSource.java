package dev.vmpower.machine.libvirt;

import dev.vmpower.machine.libvirt.DomainInfo.VcpuInfo;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Where domains are read from: a connection to libvirt, or a fake. */
interface DomainSource {
  /** All domains, running or not: from their uuid to their id, which is -1 when shut off. */
  Map<String, Integer> list() throws LibvirtException;

  /** One domain; null when it is neither running nor defined. */
  @Nullable DomainView read(String uuid) throws LibvirtException;

  /** The present affinity of a domain that was running when {@code view} was made. */
  List<VcpuInfo> affinity(DomainView view) throws LibvirtException;

  /** Whether libvirt can still be asked, as far as is known without asking. */
  boolean isAlive();
}
