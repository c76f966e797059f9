package dev.vmpower.machine.perf;

import dev.vmpower.machine.libc.ErrnoException;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Something cannot be counted; the message is one line. */
public final class PerfException extends IOException {
  private static final long serialVersionUID = 1;

  /** Why it cannot. */
  public enum Reason {
    /** The machine has no such counter; most virtual machines have none. */
    NO_COUNTER,
    /** The kernel does not let this process count a whole pCPU. */
    NO_RIGHT,
    /** There is no such pCPU, or it is offline. */
    NO_CPU,
    /** The kernel refused for another reason. */
    REFUSED
  }

  private final Reason reason;

  private PerfException(Reason reason, String message, @Nullable IOException refused) {
    super(message, refused);
    this.reason = reason;
  }

  public Reason reason() {
    return reason;
  }

  static PerfException opening(String what, int cpu, ErrnoException refused) {
    return switch (refused.errno()) {
      case ErrnoException.ENOENT, ErrnoException.EOPNOTSUPP, ErrnoException.ENOSYS ->
          new PerfException(Reason.NO_COUNTER, "this machine has no counter of " + what, refused);
      case ErrnoException.EACCES, ErrnoException.EPERM ->
          new PerfException(
              Reason.NO_RIGHT,
              "counting "
                  + what
                  + " of a pCPU needs CAP_PERFMON, or kernel.perf_event_paranoid at most 0",
              refused);
      case ErrnoException.ENODEV, ErrnoException.ENXIO, ErrnoException.EINVAL ->
          new PerfException(
              Reason.NO_CPU, "pCPU " + cpu + " is not online: no " + what + " to count", refused);
      default ->
          new PerfException(
              Reason.REFUSED,
              "cannot count " + what + " of pCPU " + cpu + ": " + refused.getMessage(),
              refused);
    };
  }

  static PerfException reading(
      String what, int cpu, @Nullable String why, @Nullable IOException refused) {
    return new PerfException(
        Reason.REFUSED, "cannot read " + what + " of pCPU " + cpu + ": " + why, refused);
  }
}
