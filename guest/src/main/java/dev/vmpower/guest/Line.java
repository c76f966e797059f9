package dev.vmpower.guest;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** The bytes of an open port: nothing waits but {@link #await}, and that with a limit. */
interface Line {
  /** No host is attached. */
  int HUNG_UP = -1;

  /** The bytes that were read; 0 if there are none now; {@link #HUNG_UP}. */
  int read(ByteBuffer into) throws PortException;

  /** The bytes that were written; 0 if the host takes none now; {@link #HUNG_UP}. */
  int write(ByteBuffer from) throws PortException;

  /** Waits for bytes to read, or for room to write; returns also when the host hangs up. */
  void await(boolean room, int timeoutMs) throws PortException;

  /**
   * Whether the line stays when the host goes: what comes next is for the same line, and what
   * earlier openers left unread came with it.
   */
  boolean isLasting();

  void close();

  /** Opens a port, or connects to the AF_UNIX socket that stands in for one. */
  static Line open(Path port) throws PortException {
    int type;
    try {
      type = (int) Files.getAttribute(port, "unix:mode") & 0170000;
    } catch (NoSuchFileException none) {
      throw new PortException.NoPort(port);
    } catch (AccessDeniedException denied) {
      throw new PortException.NoPermission(port);
    } catch (IOException failed) {
      throw new PortException.Broken(port, String.valueOf(failed.getMessage()));
    }
    return type == 0140000 ? SocketLine.open(port) : DeviceLine.open(port);
  }
}
