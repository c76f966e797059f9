package dev.vmpower.guest;

import java.io.IOException;
import java.nio.file.Path;

/** Why a port cannot be used. The message is one line: what, where, and what to do. */
public abstract sealed class PortException extends IOException {
  private static final long serialVersionUID = 1;

  private PortException(String message) {
    super(message);
  }

  /** There is no such port, or not any more. */
  public static final class NoPort extends PortException {
    private static final long serialVersionUID = 1;

    NoPort(Path port) {
      super("there is no port " + port + ": this VM has no such virtio-serial channel");
    }
  }

  /** This process may not open the port. */
  public static final class NoPermission extends PortException {
    private static final long serialVersionUID = 1;

    NoPermission(Path port) {
      super("no permission for " + port + ": be root, or its owner");
    }
  }

  /** Another process has the port open; only one can. */
  public static final class InUse extends PortException {
    private static final long serialVersionUID = 1;

    InUse(Path port) {
      super(port + " is busy: another program, such as one that uses DPDK, has it open");
    }
  }

  /** Nobody is attached to the other end. The next request finds out anew. */
  public static final class NoHost extends PortException {
    private static final long serialVersionUID = 1;

    NoHost(Path port) {
      super("no host is attached to " + port + ": vmpowerd does not run, or is not told");
    }
  }

  /** A host is attached, but it reads nothing. */
  public static final class Stalled extends PortException {
    private static final long serialVersionUID = 1;

    Stalled(Path port) {
      super("the host does not read from " + port + ": it is stopped, or overloaded");
    }
  }

  /** Something else, such as bytes that are no reply. */
  public static final class Broken extends PortException {
    private static final long serialVersionUID = 1;

    Broken(Path port, String why) {
      super(port + ": " + why);
    }
  }
}
