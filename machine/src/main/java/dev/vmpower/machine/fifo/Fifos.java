package dev.vmpower.machine.fifo;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.machine.libc.CFunction;
import dev.vmpower.machine.libc.ErrnoException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The FIFOs {@code fifoN} of a directory, and the thread that reads them all. It sleeps in poll(2)
 * until bytes come; of each FIFO it reads a fixed amount at most before the others have their turn.
 *
 * <p>What is removed or replaced while it is open is not noticed.
 */
public final class Fifos implements AutoCloseable {
  /** How much is read from one FIFO at once; what a pipe holds, unless its owner changed that. */
  static final int READ_BYTES_MAX = 65_536;

  // From <sys/eventfd.h> and <poll.h>.
  private static final int EFD_CLOEXEC = 02000000;
  private static final short POLLIN = 1;

  // struct pollfd
  private static final int POLLFD_BYTES = 8;
  private static final int POLLFD_EVENTS = 4;
  private static final int POLLFD_REVENTS = 6;

  private static final int FOR_EVER = -1;

  private static final CFunction GETEUID = CFunction.of("geteuid", JAVA_INT);
  private static final CFunction EVENTFD = CFunction.of("eventfd", JAVA_INT, JAVA_INT, JAVA_INT);
  private static final CFunction POLL =
      CFunction.of("poll", JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT);
  private static final CFunction WRITE =
      CFunction.of("write", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG);
  private static final CFunction CLOSE = CFunction.of("close", JAVA_INT, JAVA_INT);

  private final FifoListener listener;
  private final List<Fifo> open = new ArrayList<>();
  private final CpuSet numbers;
  private final int wakeUp;
  private final Thread thread;
  private boolean started;
  private volatile boolean closing;

  private Fifos(FifoListener listener, List<Fifo> fifos, int wakeUp) {
    this.listener = listener;
    this.open.addAll(fifos);
    this.numbers = CpuSet.of(fifos.stream().mapToInt(Fifo::number).toArray());
    this.wakeUp = wakeUp;
    this.thread = Thread.ofPlatform().name("fifo").daemon().unstarted(this::run);
  }

  /**
   * Opens the FIFOs of {@code numbers}; those that are not there are made, and removed at the end.
   * One that cannot be trusted is left out, and the listener is told.
   *
   * @throws IOException in one line, if the directory cannot be trusted, or nothing can be opened
   */
  public static Fifos open(Path directory, CpuSet numbers, FifoListener listener)
      throws IOException {
    int uid = (int) GETEUID.call();
    FifoDirectory.prepare(directory, uid);
    int wakeUp = (int) EVENTFD.call(0, EFD_CLOEXEC);
    List<Fifo> fifos = new ArrayList<>();
    for (int number : numbers.stream().toArray()) {
      try {
        fifos.add(Fifo.open(directory, number, uid));
      } catch (IOException refused) {
        listener.unusable(number, String.valueOf(refused.getMessage()));
      }
    }
    return new Fifos(listener, fifos, wakeUp);
  }

  /** Which FIFOs were opened. */
  public CpuSet numbers() {
    return numbers;
  }

  /** Begins to read. */
  public void start() {
    started = true;
    thread.start();
  }

  private void run() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment room = arena.allocate(READ_BYTES_MAX);
      MemorySegment polled = arena.allocate((long) POLLFD_BYTES * (open.size() + 1), Long.BYTES);
      while (!closing) {
        fill(polled);
        if (poll(polled)) {
          readReady(polled, room);
        }
      }
    } catch (IOException broke) {
      open.forEach(fifo -> listener.unusable(fifo.number(), "poll: " + broke.getMessage()));
    }
  }

  private void fill(MemorySegment polled) {
    for (int i = 0; i <= open.size(); i++) {
      long at = (long) POLLFD_BYTES * i;
      polled.set(JAVA_INT, at, i < open.size() ? open.get(i).descriptor() : wakeUp);
      polled.set(JAVA_SHORT, at + POLLFD_EVENTS, POLLIN);
      polled.set(JAVA_SHORT, at + POLLFD_REVENTS, (short) 0);
    }
  }

  private boolean poll(MemorySegment polled) throws IOException {
    try {
      POLL.call(polled, (long) open.size() + 1, FOR_EVER);
      return true;
    } catch (ErrnoException interrupted) {
      if (interrupted.errno() == ErrnoException.EINTR) {
        return false;
      }
      throw interrupted;
    }
  }

  private void readReady(MemorySegment polled, MemorySegment room) {
    List<Fifo> broken = new ArrayList<>();
    for (int i = 0; i < open.size() && !closing; i++) {
      if (polled.get(JAVA_SHORT, (long) POLLFD_BYTES * i + POLLFD_REVENTS) != 0) {
        Fifo fifo = open.get(i);
        try {
          int bytes = fifo.read(room);
          listener.received(
              fifo.number(), room.asSlice(0, bytes).asByteBuffer().asReadOnlyBuffer());
        } catch (IOException broke) {
          broken.add(fifo);
          listener.unusable(fifo.number(), fifo.path() + ": " + broke.getMessage());
        }
      }
    }
    broken.forEach(
        fifo -> {
          open.remove(fifo);
          fifo.close();
        });
  }

  /** Ends reading, and removes the FIFOs that were made here. */
  @Override
  public void close() {
    closing = true;
    if (started) {
      wake();
      joinThread();
    }
    open.forEach(Fifo::close);
    open.clear();
    try {
      CLOSE.call(wakeUp);
    } catch (ErrnoException ignored) {
      // The descriptor is closed all the same.
    }
  }

  private void wake() {
    try (Arena arena = Arena.ofConfined()) {
      WRITE.call(wakeUp, arena.allocateFrom(JAVA_LONG, 1), (long) Long.BYTES);
    } catch (ErrnoException impossible) {
      throw new IllegalStateException("an eventfd takes a 1", impossible);
    }
  }

  private void joinThread() {
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException later) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
