package dev.vmpower.guest;

import dev.vmpower.protocol.FreqListReply;
import java.nio.ByteBuffer;

/** How fast vCPUs run. The wire has room for vCPUs 0 to 7. */
public final class Frequencies {
  private final int vcpuCount;
  private final int[] khz = new int[FreqListReply.VCPUS_MAX];

  Frequencies(ByteBuffer reply) {
    vcpuCount = Math.min(FreqListReply.vcpuCount(reply, 0), FreqListReply.VCPUS_MAX);
    for (int vcpu = 0; vcpu < khz.length; vcpu++) {
      khz[vcpu] = FreqListReply.khz(reply, 0, vcpu);
    }
  }

  /** How many vCPUs the host knows, at most 8. */
  public int vcpuCount() {
    return vcpuCount;
  }

  /** The frequency of {@code vcpu} in kHz; 0 where the host did not tell. */
  public int khz(int vcpu) {
    return vcpu >= 0 && vcpu < khz.length ? khz[vcpu] : 0;
  }
}
