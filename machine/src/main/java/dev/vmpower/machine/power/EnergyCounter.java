package dev.vmpower.machine.power;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The energy that one package has used, as the hardware counts it (RAPL, Intel and AMD) and the
 * kernel shows it: {@code /sys/class/powercap/intel-rapl:N} (kernel: {@code
 * Documentation/power/powercap/powercap.rst}).
 *
 * <p>The counter goes back to 0 at {@code max_energy_range_uj}, after some minutes at the soonest.
 *
 * <p>Not thread-safe.
 */
public final class EnergyCounter {
  private static final Pattern PACKAGE = Pattern.compile("package-(\\d{1,4})");
  private static final int PACKAGES_MAX = 256;

  private final int packageId;
  private final Path energy;
  private final long rangeUj;
  private long lastUj;

  private EnergyCounter(int packageId, Path energy, long rangeUj, long lastUj) {
    this.packageId = packageId;
    this.energy = energy;
    this.rangeUj = rangeUj;
    this.lastUj = lastUj;
  }

  /**
   * The counters of all packages below {@code powercap}, which is {@code /sys/class/powercap} on a
   * host; none where there is no RAPL, or it cannot be read.
   */
  public static List<EnergyCounter> find(Path powercap) {
    List<EnergyCounter> found = new ArrayList<>();
    try (DirectoryStream<Path> zones = Files.newDirectoryStream(powercap, "intel-rapl:*")) {
      for (Path zone : zones) {
        if (found.size() < PACKAGES_MAX) {
          add(zone, found);
        }
      }
    } catch (IOException none) {
      return List.of();
    }
    found.sort(Comparator.comparingInt(counter -> counter.packageId));
    return found;
  }

  // A zone of a part of a package has another name: core, uncore, dram, psys.
  private static void add(Path zone, List<EnergyCounter> found) {
    try {
      Matcher name = PACKAGE.matcher(Files.readString(zone.resolve("name")).strip());
      if (name.matches()) {
        Path energy = zone.resolve("energy_uj");
        long rangeUj = number(zone.resolve("max_energy_range_uj"));
        found.add(
            new EnergyCounter(Integer.parseInt(name.group(1)), energy, rangeUj, number(energy)));
      }
    } catch (IOException | NumberFormatException unreadable) {
      // Without it the package is one that counts no energy.
    }
  }

  private static long number(Path file) throws IOException {
    return Long.parseLong(Files.readString(file).strip());
  }

  /** Its {@code physical_package_id}. */
  public int packageId() {
    return packageId;
  }

  /**
   * Joules since the last call, or since it was found.
   *
   * @throws IOException if the counter cannot be read now
   */
  public double advanceJoules() throws IOException {
    long nowUj;
    try {
      nowUj = number(energy);
    } catch (NumberFormatException noNumber) {
      throw new IOException(energy + " has no number", noNumber);
    }
    long usedUj = nowUj >= lastUj ? nowUj - lastUj : nowUj + rangeUj - lastUj;
    lastUj = nowUj;
    return Math.max(usedUj, 0) / 1e6;
  }
}
