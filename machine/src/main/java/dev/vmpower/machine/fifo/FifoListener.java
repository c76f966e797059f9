package dev.vmpower.machine.fifo;

import java.nio.ByteBuffer;

/** Is told what comes through FIFOs, on the thread that reads them; it may take its time. */
public interface FifoListener {
  /**
   * Bytes came. Where a writer's bytes end is not known.
   *
   * @param bytes valid during the call only
   */
  void received(int number, ByteBuffer bytes);

  /** A FIFO cannot be read, in one line. */
  void unusable(int number, String why);
}
