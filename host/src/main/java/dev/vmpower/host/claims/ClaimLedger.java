package dev.vmpower.host.claims;

import dev.vmpower.machine.socket.PeerProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which vCPUs held claims, kept across a restart of the daemon: such a vCPU counts as MAX from its
 * reconnection until it asks, since a request may have been lost meanwhile.
 *
 * <p>A claim belongs to one run of one process. If the socket leads to another process after the
 * restart, the VM is another too, and the claim is void.
 *
 * <pre>
 *   vmpower-claims 1
 *   claim VCPU CHANNEL PID START-TICKS VM-NAME
 * </pre>
 *
 * <p>Not thread-safe: the monitor thread owns it.
 */
public final class ClaimLedger {
  private static final Logger LOG = LoggerFactory.getLogger("vmpower.claims");
  private static final String HEAD = "vmpower-claims 1";

  /** The file is written at most this often. */
  public static final long SAVE_EVERY_NS = 100_000_000L;

  /** What could not be written is tried again after this. */
  static final long RETRY_NS = 5_000_000_000L;

  /** One vCPU's claim, held by one channel. */
  public record Claim(String vm, int vcpu, int channel, PeerProcess peer) {}

  private final Path file;
  private final Predicate<PeerProcess> isAlive;
  private final List<Claim> earlier = new ArrayList<>();
  private boolean changed;
  private boolean failed;
  private long savedAtNs;

  /** A ledger in {@code directory}. */
  public ClaimLedger(Path directory) {
    this(directory, ClaimLedger::isAlive);
  }

  /** A ledger in {@code directory}, on a host where {@code isAlive} knows the processes. */
  public ClaimLedger(Path directory, Predicate<PeerProcess> isAlive) {
    this.file = directory.resolve("claims");
    this.isAlive = isAlive;
  }

  /** Reads what an earlier daemon left. What cannot be read is no claim. */
  public void load() {
    try {
      for (String line : Files.readString(file).split("\n", -1)) { // a name may have any other
        String[] words = line.split(" ", 6);
        if (words.length == 6 && words[0].equals("claim")) {
          PeerProcess peer = new PeerProcess(Integer.parseInt(words[3]), Long.parseLong(words[4]));
          if (isAlive.test(peer)) {
            earlier.add(
                new Claim(words[5], Integer.parseInt(words[1]), Integer.parseInt(words[2]), peer));
          }
        }
      }
    } catch (NoSuchFileException none) {
      return;
    } catch (IOException | NumberFormatException unreadable) {
      LOG.warn("{} is ignored: {}", file, unreadable.getMessage());
    }
  }

  private static boolean isAlive(PeerProcess peer) {
    try {
      return PeerProcess.of(peer.pid()).equals(peer);
    } catch (IOException gone) {
      return false;
    }
  }

  /** Takes out the vCPUs whose claims this channel held in an earlier run of the daemon. */
  public List<Integer> take(String vm, int channel, PeerProcess peer) {
    List<Integer> vcpus = new ArrayList<>();
    for (Iterator<Claim> claims = earlier.iterator(); claims.hasNext(); ) {
      Claim claim = claims.next();
      if (claim.vm().equals(vm) && claim.channel() == channel) {
        if (claim.peer().equals(peer)) {
          vcpus.add(claim.vcpu());
        }
        claims.remove();
      }
    }
    return vcpus;
  }

  /** Whether this vCPU held a claim in an earlier run that no connection has taken up yet. */
  public boolean isAwaited(String vm, int vcpu) {
    for (Claim claim : earlier) {
      if (claim.vcpu() == vcpu && claim.vm().equals(vm)) {
        return true;
      }
    }
    return false;
  }

  /** Notes that a claim began or ended. */
  public void change() {
    changed = true;
  }

  /** When what changed is to be saved; Long.MAX_VALUE if nothing has changed. */
  public long deadlineNs() {
    return changed ? savedAtNs + SAVE_EVERY_NS : Long.MAX_VALUE;
  }

  /** Writes the claims there are, and those of an earlier run that are not taken up yet. */
  public void save(List<Claim> claims, long nowNs) {
    savedAtNs = nowNs;
    changed = false;
    StringBuilder text = new StringBuilder(HEAD).append('\n');
    earlier.forEach(claim -> append(text, claim));
    claims.forEach(claim -> append(text, claim));
    try {
      Path fresh = file.resolveSibling("claims.new");
      Files.writeString(fresh, text);
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      failed = false;
    } catch (IOException full) {
      if (!failed) {
        LOG.warn("{} could not be written, and is tried again: {}", file, full.getMessage());
      }
      failed = true;
      changed = true;
      savedAtNs = nowNs + RETRY_NS - SAVE_EVERY_NS;
    }
  }

  private static void append(StringBuilder text, Claim claim) {
    if (claim.vm().indexOf('\n') < 0) {
      text.append("claim ").append(claim.vcpu()).append(' ').append(claim.channel()).append(' ');
      text.append(claim.peer().pid()).append(' ').append(claim.peer().startTicks()).append(' ');
      text.append(claim.vm()).append('\n');
    }
  }
}
