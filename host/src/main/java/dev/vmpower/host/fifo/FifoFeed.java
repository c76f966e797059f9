package dev.vmpower.host.fifo;

import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.machine.fifo.FifoListener;
import dev.vmpower.machine.fifo.Fifos;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads DPDK's JSON from the FIFOs of a directory and hands on what it wants. Whatever is malformed
 * is one log line, not more often than every few seconds for each FIFO, and the FIFO goes on.
 */
public final class FifoFeed implements AutoCloseable {
  /** A FIFO is named in the log at most this often. */
  static final long LOG_EVERY_NS = 10_000_000_000L;

  private static final Logger LOG = LoggerFactory.getLogger("vmpower.fifo");

  /** Where orders go; it may wait, and then the FIFOs wait. */
  public interface Sink {
    /** An order for a pCPU. */
    void order(int cpu, FifoOrder order);
  }

  private final Fifos fifos;

  private FifoFeed(Fifos fifos) {
    this.fifos = fifos;
  }

  /**
   * Opens a FIFO for each of {@code cpus}; one that cannot be trusted is logged and left out.
   *
   * @throws IOException in one line, if there can be none at all
   */
  public static FifoFeed open(Path directory, CpuSet cpus, Sink sink, LongSupplier clockNs)
      throws IOException {
    FifoFeed feed = new FifoFeed(Fifos.open(directory, cpus, new Listener(sink, clockNs)));
    LOG.info("{} FIFOs of DPDK's JSON in {}", feed.cpus().size(), directory);
    return feed;
  }

  /** The pCPUs that have a FIFO. */
  public CpuSet cpus() {
    return fifos.numbers();
  }

  /** Begins to read. */
  public void start() {
    fifos.start();
  }

  /** Ends reading; the FIFOs that were made are removed. */
  @Override
  public void close() {
    fifos.close();
  }

  /** One FIFO: what came of an object that is not whole, and what was not logged. */
  private static final class Line implements JsonFramer.Sink {
    private final int cpu;
    private final Sink sink;
    private final LongSupplier clockNs;
    private final JsonFramer framer = new JsonFramer(this);
    private boolean logged;
    private long loggedAtNs;
    private long unlogged;

    Line(int cpu, Sink sink, LongSupplier clockNs) {
      this.cpu = cpu;
      this.sink = sink;
      this.clockNs = clockNs;
    }

    @Override
    public void object(byte[] bytes, int length) {
      take(OrderReader.read(bytes, length));
    }

    @Override
    public void dropped(String why) {
      take(new FifoOrder.Malformed(why));
    }

    private void take(FifoOrder order) {
      if (order instanceof FifoOrder.Malformed malformed) {
        log(malformed.why());
      }
      sink.order(cpu, order);
    }

    private void log(String why) {
      long nowNs = clockNs.getAsLong();
      if (logged && nowNs - loggedAtNs < LOG_EVERY_NS) {
        unlogged++;
        return;
      }
      LOG.warn("fifo{}: {}{}", cpu, why, unlogged == 0 ? "" : " (and " + unlogged + " before)");
      logged = true;
      loggedAtNs = nowNs;
      unlogged = 0;
    }
  }

  /** Sorts bytes by FIFO. */
  private static final class Listener implements FifoListener {
    private final Sink sink;
    private final LongSupplier clockNs;
    private final Map<Integer, Line> lines = new HashMap<>();

    Listener(Sink sink, LongSupplier clockNs) {
      this.sink = sink;
      this.clockNs = clockNs;
    }

    @Override
    public void received(int number, ByteBuffer bytes) {
      lines.computeIfAbsent(number, cpu -> new Line(cpu, sink, clockNs)).framer.feed(bytes);
    }

    @Override
    public void unusable(int number, String why) {
      LOG.warn("{}", why);
    }
  }
}
