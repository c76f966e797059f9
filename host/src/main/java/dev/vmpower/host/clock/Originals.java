package dev.vmpower.host.clock;

import dev.vmpower.host.vm.Refusal;
import dev.vmpower.machine.cpufreq.Original;
import dev.vmpower.machine.cpufreq.OriginalStore;
import dev.vmpower.machine.sysfs.SysfsException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How every managed frequency domain was found, on the disk before anything is changed, and kept
 * until it is given back: also while its pCPUs are offline, and across a crash of the daemon.
 *
 * <p>Not thread-safe: the monitor thread owns it.
 */
final class Originals {
  private static final Logger LOG = LoggerFactory.getLogger("vmpower.cpufreq");

  private final OriginalStore store;

  /** Of frequency domains that are not there: left by an earlier run, or gone for a while. */
  private final Map<Integer, Original> absent = new HashMap<>();

  private final List<ManagedDomain> unsaved = new ArrayList<>();

  /** What was given back is still saved, for lack of room. */
  private boolean outdated;

  Originals(OriginalStore store) {
    this.store = store;
  }

  /**
   * Reads what an earlier daemon left, and tells how many frequency domains it had managed.
   *
   * @throws IOException if it cannot be used, in one line
   */
  int load() throws IOException {
    absent.putAll(store.load());
    return absent.size();
  }

  /** Gives their originals to those of {@code domains} that have come, or come back. */
  void handOut(List<ManagedDomain> domains) {
    for (ManagedDomain managed : domains) {
      Original original = managed.original == null ? absent.remove(managed.domain.number()) : null;
      if (original != null && original.driver().equals(managed.domain.driver())) {
        managed.original = original;
        managed.setLimits(original);
      } else if (original != null) {
        LOG.warn("{}: its driver changed, so its saved original is void", managed);
      }
    }
  }

  /** Keeps the original of a frequency domain that went away. */
  void keep(ManagedDomain lost) {
    if (lost.original != null) {
      absent.put(lost.domain.number(), lost.original);
      LOG.warn("{} is gone; its original is kept for when it comes back", lost);
    }
  }

  /** At the end: somebody has to know of those that are away, and so keep the daemon's speed. */
  void tellAbsent() {
    absent
        .keySet()
        .forEach(
            number ->
                LOG.warn(
                    "policy{} is away and not given back; `vmpowerd restore` and the next start do"
                        + " it once it is there",
                    number));
  }

  /**
   * Reads the originals of a group that becomes managed, and with them the limits that bind it. It
   * is about to be changed, unless it is only {@code observed}.
   */
  void prepare(ClockGroup group, boolean observed) {
    for (int i = 0; i < group.domains.size(); i++) {
      ManagedDomain managed = group.domains.get(i);
      if (managed.original != null || managed.online.isEmpty()) {
        continue;
      }
      try {
        Original original = managed.domain.readOriginal();
        managed.setLimits(original);
        if (!observed) {
          managed.original = original;
          unsaved.add(managed);
        }
      } catch (SysfsException unreadable) {
        managed.forgetLimits();
        managed.fail(Refusal.NO_CPUFREQ, unreadable.getMessage());
      }
    }
  }

  /**
   * Saves what was prepared, in one write for all. Where that fails they are not to be changed:
   * they lose their original and get a problem.
   */
  void savePrepared(List<ManagedDomain> domains) {
    if (unsaved.isEmpty()) {
      return;
    }
    try {
      store.save(all(domains));
      outdated = false;
      unsaved.forEach(managed -> managed.solve(Refusal.STATE));
    } catch (IOException notDurable) {
      for (ManagedDomain managed : unsaved) {
        managed.original = null;
        managed.fail(Refusal.STATE, notDurable.getMessage());
      }
    }
    unsaved.clear();
  }

  /** Saves what is left after some were given back. */
  void saveRemaining(List<ManagedDomain> domains) {
    try {
      store.save(all(domains));
      outdated = false;
    } catch (IOException notDurable) {
      // After a crash the next start would give back once more what was given back.
      if (!outdated) {
        LOG.warn("the saved originals could not be updated: {}", notDurable.getMessage());
      }
      outdated = true;
    }
  }

  /** Saves what is left where there was no room for it before. */
  void saveAgain(List<ManagedDomain> domains) {
    if (outdated) {
      saveRemaining(domains);
    }
  }

  private Map<Integer, Original> all(List<ManagedDomain> domains) {
    Map<Integer, Original> originals = new HashMap<>(absent);
    for (ManagedDomain managed : domains) {
      if (managed.original != null) {
        originals.put(managed.domain.number(), managed.original);
      }
    }
    return originals;
  }
}
