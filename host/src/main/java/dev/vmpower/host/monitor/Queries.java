package dev.vmpower.host.monitor;

import dev.vmpower.host.clock.Clocks;
import dev.vmpower.host.clock.ManagedDomain;
import dev.vmpower.host.vm.Refusal;
import dev.vmpower.host.vm.Vcpu;
import dev.vmpower.host.vm.Vm;
import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.protocol.CapsListReply;
import dev.vmpower.protocol.FreqListReply;
import dev.vmpower.protocol.RequestPacket;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Answers to what a guest may ask about its own vCPUs. Whatever was not asked is zero. */
final class Queries {
  private final Clocks clocks;

  Queries(Clocks clocks) {
    this.clocks = clocks;
  }

  /**
   * Writes the answer to {@code query} at the start of {@code reply}, or tells why there is none.
   */
  @Nullable Refusal answer(Vm vm, RequestPacket query, ByteBuffer reply) {
    return switch (query.command()) {
      case QUERY_FREQ, QUERY_CAPS -> one(vm, query, reply);
      case QUERY_FREQ_LIST -> {
        int vcpus = Math.min(vm.vcpuCount(), FreqListReply.VCPUS_MAX);
        FreqListReply.begin(reply, 0, query, vcpus);
        for (int i = 0; i < vcpus; i++) {
          frequency(vm.vcpu(i), reply);
        }
        yield null;
      }
      case QUERY_CAPS_LIST -> {
        int vcpus = Math.min(vm.vcpuCount(), CapsListReply.VCPUS_MAX);
        CapsListReply.begin(reply, 0, query, vcpus);
        for (int i = 0; i < vcpus; i++) {
          capabilities(vm.vcpu(i), reply);
        }
        yield null;
      }
      default -> Refusal.UNKNOWN_COMMAND;
    };
  }

  private @Nullable Refusal one(Vm vm, RequestPacket query, ByteBuffer reply) {
    Vcpu vcpu = vm.vcpu(query.resourceId());
    if (vcpu == null || vcpu.number() >= FreqListReply.VCPUS_MAX) {
      return Refusal.OTHERS_VCPU;
    }
    switch (query.command()) {
      case QUERY_FREQ -> {
        FreqListReply.begin(reply, 0, query, Math.min(vm.vcpuCount(), FreqListReply.VCPUS_MAX));
        frequency(vcpu, reply);
      }
      default -> {
        CapsListReply.begin(reply, 0, query, Math.min(vm.vcpuCount(), CapsListReply.VCPUS_MAX));
        capabilities(vcpu, reply);
      }
    }
    return null;
  }

  // A floating vCPU may run anywhere: there is no frequency that is its own.
  private void frequency(@Nullable Vcpu vcpu, ByteBuffer reply) {
    if (vcpu != null && vcpu.standing() != Refusal.UNPINNED) {
      FreqListReply.setKhz(reply, 0, vcpu.number(), currentKhz(vcpu.cpus()));
    }
  }

  /**
   * The lowest frequency now of the pCPUs in {@code cpus} that are online, in kHz; 0 where the
   * kernel does not say.
   */
  private int currentKhz(CpuSet cpus) {
    int lowestKhz = Integer.MAX_VALUE;
    for (int i = 0; i < cpus.size(); i++) {
      ManagedDomain managed = clocks.domainOf(cpus.get(i));
      if (managed != null && !managed.online().isEmpty()) {
        lowestKhz = Math.min(lowestKhz, managed.domain().currentKhz());
      }
    }
    return lowestKhz == Integer.MAX_VALUE ? 0 : lowestKhz;
  }

  private void capabilities(@Nullable Vcpu vcpu, ByteBuffer reply) {
    if (vcpu != null) {
      CapsListReply.setCaps(
          reply, 0, vcpu.number(), clocks.hasTurbo(vcpu), clocks.hasPriority(vcpu));
    }
  }
}
