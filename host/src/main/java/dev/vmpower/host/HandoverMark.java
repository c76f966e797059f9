package dev.vmpower.host;

import dev.vmpower.machine.process.BootClock;
import dev.vmpower.machine.socket.PeerProcess;
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
 * from, until when, and which process gives back then. The next daemon removes it.
 *
 * <pre>
 *   vmpower-handover 1
 *   boot 5c6d4d8e-…
 *   until 4711420
 *   by 4242 471142
 * </pre>
 *
 * <p>The time is in milliseconds since the machine booted; in another boot it is void, and so it is
 * when that process, named by its pid and its start, is no more.
 */
final class HandoverMark {
  private static final Logger LOG = LoggerFactory.getLogger("vmpower");
  private static final String HEAD = "vmpower-handover 1";

  private final Path file;

  HandoverMark(Path stateDirectory) {
    this.file = stateDirectory.resolve("handover");
  }

  /** Sets it for so long from now; this process gives back then. */
  void set(long forMs) throws IOException {
    PeerProcess self = PeerProcess.of((int) ProcessHandle.current().pid());
    String text =
        HEAD
            + "\nboot "
            + BootClock.bootId()
            + "\nuntil "
            + (BootClock.nowMs() + forMs)
            + "\nby "
            + self.pid()
            + " "
            + self.startTicks()
            + "\n";
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
        lines.size() == 4
            && lines.get(0).equals(HEAD)
            && lines.get(1).equals("boot " + BootClock.bootId())
            && lines.get(2).startsWith("until ")
            && isAlive(lines.get(3));
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

  private static boolean isAlive(String by) {
    String[] words = by.split(" ");
    if (words.length != 3 || !words[0].equals("by")) {
      return false;
    }
    try {
      PeerProcess process = new PeerProcess(Integer.parseInt(words[1]), Long.parseLong(words[2]));
      return PeerProcess.of(process.pid()).equals(process);
    } catch (IOException | NumberFormatException gone) {
      return false;
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
