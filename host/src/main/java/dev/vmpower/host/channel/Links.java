package dev.vmpower.host.channel;

import java.io.IOException;
import java.util.List;

/**
 * What connects to the sockets that are wanted, as they appear, and hands the connections to its
 * {@link Connector.Sink}.
 */
public interface Links extends AutoCloseable {
  /** Makes one that hands its connections to a sink. */
  interface Maker {
    /** Makes it; it begins with {@link #start}. */
    Links make(Connector.Sink sink) throws IOException;
  }

  /** Begins to connect. */
  void start();

  /** Replaces what is wanted. Connections that are wanted no more are the monitor's to close. */
  void want(List<Target> wanted);

  /** The monitor's connection to this socket ended: connect again. */
  void lost(String vm, int number);

  /** Waits until everything that was wanted before has been tried once. */
  void awaitPass() throws InterruptedException;

  @Override
  void close();
}
