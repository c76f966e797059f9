package dev.vmpower.host;

import dev.vmpower.machine.process.BootClock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.OptionalLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says beside the originals that a daemon has left everything as it is for the next one to go on
 * from, and until when. The next daemon removes it.
 *
 * <pre>
 *   vmpower-handover 1
 *   boot 5c6d4d8e-…
 *   until 4711420
 * </pre>
 *
 * <p>The time is in milliseconds since the machine booted; in another boot it is void.
 */
final class HandoverMark {
  private static final Logger LOG = LoggerFactory.getLogger("vmpower");
  private static final String HEAD = "vmpower-handover 1";

  private final Path file;

  HandoverMark(Path stateDirectory) {
    this.file = stateDirectory.resolve("handover");
  }

  /** Sets it for so long from now. */
  void set(long forMs) throws IOException {
    String text =
        HEAD + "\nboot " + BootClock.bootId() + "\nuntil " + (BootClock.nowMs() + forMs) + "\n";
    Path fresh = file.resolveSibling("handover.new");
    Files.writeString(fresh, text);
    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  /** How long the next daemon has yet, in ms, 0 if its time is over; empty if none is awaited. */
  OptionalLong remainingMs() throws IOException {
    List<String> lines;
    try {
      lines = Files.readAllLines(file);
    } catch (NoSuchFileException none) {
      return OptionalLong.empty();
    }
    boolean current =
        lines.size() == 3
            && lines.get(0).equals(HEAD)
            && lines.get(1).equals("boot " + BootClock.bootId())
            && lines.get(2).startsWith("until ");
    if (!current) {
      return OptionalLong.of(0);
    }
    try {
      long untilMs = Long.parseLong(lines.get(2).substring("until ".length()));
      return OptionalLong.of(Math.max(untilMs - BootClock.nowMs(), 0));
    } catch (NumberFormatException damaged) {
      return OptionalLong.of(0);
    }
  }

  /** Takes it away: somebody has come, or nobody will. */
  void remove() {
    try {
      Files.deleteIfExists(file);
    } catch (IOException stays) {
      LOG.warn("{} could not be removed: {}", file, stays.toString());
    }
  }

  Path file() {
    return file;
  }
}
