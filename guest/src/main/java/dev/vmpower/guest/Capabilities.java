package dev.vmpower.guest;

import dev.vmpower.protocol.CapsListReply;
import java.nio.ByteBuffer;

/** What vCPUs can do. The wire has room for vCPUs 0 to 7. */
public final class Capabilities {
  private final int vcpuCount;
  private final boolean[] turbo = new boolean[CapsListReply.VCPUS_MAX];
  private final boolean[] priority = new boolean[CapsListReply.VCPUS_MAX];

  Capabilities(ByteBuffer reply) {
    vcpuCount = Math.min(CapsListReply.vcpuCount(reply, 0), CapsListReply.VCPUS_MAX);
    for (int vcpu = 0; vcpu < turbo.length; vcpu++) {
      turbo[vcpu] = CapsListReply.turbo(reply, 0, vcpu);
      priority[vcpu] = CapsListReply.priority(reply, 0, vcpu);
    }
  }

  /** How many vCPUs the host knows, at most 8. */
  public int vcpuCount() {
    return vcpuCount;
  }

  /** Whether {@code vcpu} may use turbo. */
  public boolean turbo(int vcpu) {
    return vcpu >= 0 && vcpu < turbo.length && turbo[vcpu];
  }

  /** Whether the pCPU of {@code vcpu} has a higher base frequency than others. */
  public boolean priority(int vcpu) {
    return vcpu >= 0 && vcpu < priority.length && priority[vcpu];
  }
}
