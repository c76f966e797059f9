package dev.vmpower.fuzz;

import dev.vmpower.host.channel.ChannelFuzz;
import dev.vmpower.host.config.ConfigFuzz;
import dev.vmpower.host.config.PolicyFileFuzz;
import dev.vmpower.host.control.RequestFuzz;
import dev.vmpower.host.fifo.FifoFuzz;
import dev.vmpower.host.orders.OrdersFuzz;
import dev.vmpower.host.policy.PolicyPacketFuzz;
import dev.vmpower.machine.libvirt.DomainFuzz;
import dev.vmpower.protocol.PacketFuzz;

/** What is fuzzed. The name is that of the directory of its corpus, in lower case. */
enum Target {
  PACKET(PacketFuzz.class, PacketFuzz::fuzzerTestOneInput, 1024),
  POLICY_PACKET(PolicyPacketFuzz.class, PolicyPacketFuzz::fuzzerTestOneInput, 512),
  CHANNEL(ChannelFuzz.class, ChannelFuzz::fuzzerTestOneInput, 8192),
  CONFIG(ConfigFuzz.class, ConfigFuzz::fuzzerTestOneInput, 4096),
  POLICY_FILE(PolicyFileFuzz.class, PolicyFileFuzz::fuzzerTestOneInput, 4096),
  REQUEST(RequestFuzz.class, RequestFuzz::fuzzerTestOneInput, 4096),
  FIFO(FifoFuzz.class, FifoFuzz::fuzzerTestOneInput, 4096),
  ORDERS(OrdersFuzz.class, OrdersFuzz::fuzzerTestOneInput, 4096),
  DOMAIN(DomainFuzz.class, DomainFuzz::fuzzerTestOneInput, 8192);

  /** Takes what the fuzzer made up. */
  interface Taker {
    void take(byte[] bytes) throws Exception;
  }

  final Class<?> type;

  @SuppressWarnings("ImmutableEnumChecker") // a method without a state
  final Taker taker;

  final int bytesMax;

  Target(Class<?> type, Taker taker, int bytesMax) {
    this.type = type;
    this.taker = taker;
    this.bytesMax = bytesMax;
  }

  /** Where its corpus lies, below the directory of corpora. */
  String directory() {
    return name().toLowerCase(java.util.Locale.ROOT);
  }
}
