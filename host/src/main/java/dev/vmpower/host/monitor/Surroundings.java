package dev.vmpower.host.monitor;

import dev.vmpower.host.channel.Connector;
import dev.vmpower.host.channel.Links;
import dev.vmpower.host.orders.OrderStore;
import dev.vmpower.host.orders.OrdersFile;
import dev.vmpower.host.orders.Recorder;
import dev.vmpower.host.sampler.Probe;
import dev.vmpower.machine.epoll.EpollSelector;
import dev.vmpower.machine.epoll.TurnSelector;
import java.io.IOException;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * What a monitor is connected to besides its files: sockets, time, and who else works for it.
 *
 * @param selector where it waits
 * @param links makes what connects to guests' sockets
 * @param orders where operators' orders are kept; the monitor closes it
 * @param sampler is told what policies want to be counted; {@link Event.Sampled} answers
 * @param clockNs time that never jumps, for deadlines
 * @param wallMs the wall clock, to show
 */
public record Surroundings(
    TurnSelector selector,
    Links.Maker links,
    OrderStore orders,
    Consumer<List<Probe>> sampler,
    LongSupplier clockNs,
    LongSupplier wallMs) {
  /**
   * Those of a real host.
   *
   * @throws IOException if the kernel lacks descriptors
   */
  static Surroundings real(
      OrdersFile orders, Consumer<List<Probe>> sampler, LongSupplier clockNs, LongSupplier wallMs)
      throws IOException {
    return new Surroundings(
        EpollSelector.openNew(),
        sink -> new Connector(sink, clockNs),
        new Recorder(orders),
        sampler,
        clockNs,
        wallMs);
  }
}
