package dev.vmpower.machine.fake;

import dev.vmpower.machine.sysfs.Attribute;
import dev.vmpower.machine.sysfs.Errno;
import dev.vmpower.machine.sysfs.Sysfs;
import dev.vmpower.machine.sysfs.SysfsException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * A host with acpi-cpufreq, in memory, that answers as the kernel does: it refuses what the kernel
 * refuses, clamps and rounds what the kernel does, and can be told to fail.
 *
 * <p>The rules were seen with Linux 6.1 and its unmodified acpi-cpufreq driver. Not thread-safe.
 */
public final class FakeSysfs implements Sysfs {
  private final Map<String, String> constants = new TreeMap<>();
  private final Map<String, FakePolicy> policies = new HashMap<>();
  private final Map<String, Errno> faults = new HashMap<>();
  private final List<String> writes = new ArrayList<>();

  /** Adds a file that only reads, such as {@code online}. */
  public FakeSysfs put(String path, String text) {
    constants.put(path, text);
    return this;
  }

  /** Adds pCPUs {@code first..first+count-1}, each a frequency domain of its own. */
  public FakeSysfs addCpus(int first, int count, String table) {
    for (int cpu = first; cpu < first + count; cpu++) {
      addPolicy(table, cpu);
    }
    return this;
  }

  /** Adds one frequency domain of {@code cpus}, the lowest first, with the levels of a table. */
  public FakeSysfs addPolicy(String table, int... cpus) {
    String directory = "cpufreq/policy" + cpus[0] + "/";
    List<String> words = new ArrayList<>();
    for (int cpu : cpus) {
      words.add(Integer.toString(cpu));
      constants.put("cpu" + cpu + "/topology/physical_package_id", "0");
    }
    constants.put(directory + "related_cpus", String.join(" ", words));
    constants.put(directory + "affected_cpus", String.join(" ", words));
    constants.put(directory + "scaling_driver", "acpi-cpufreq");
    constants.put(directory + "scaling_available_frequencies", table + " ");
    policies.put(directory, new FakePolicy(directory, table));
    return this;
  }

  /** Makes every read and write of {@code path} fail, until told otherwise with null. */
  public void fail(String path, @Nullable Errno errno) {
    if (errno == null) {
      faults.remove(path);
    } else {
      faults.put(path, errno);
    }
  }

  /** The frequency domain {@code number}, to look at and to tamper with. */
  public FakePolicy policy(int number) {
    FakePolicy policy = policies.get("cpufreq/policy" + number + "/");
    if (policy == null) {
      throw new IllegalArgumentException("no policy" + number);
    }
    return policy;
  }

  /** Every write since the last call, as {@code path=value}, refused ones with {@code !}. */
  public List<String> takeWrites() {
    List<String> taken = List.copyOf(writes);
    writes.clear();
    return taken;
  }

  @Override
  public String read(String path) throws SysfsException {
    refuse(path);
    String constant = constants.get(path);
    if (constant != null) {
      return constant.strip();
    }
    FakePolicy policy = policyOf(path);
    if (policy == null) {
      throw new SysfsException(path, Errno.ENOENT);
    }
    return policy.read(name(path));
  }

  @Override
  public void write(String path, String value) throws SysfsException {
    try {
      refuse(path);
      FakePolicy policy = policyOf(path);
      if (policy == null) {
        throw new SysfsException(path, constants.containsKey(path) ? Errno.EACCES : Errno.ENOENT);
      }
      policy.write(name(path), value);
      writes.add(path + "=" + value);
    } catch (SysfsException refused) {
      writes.add("!" + path + "=" + value);
      throw refused;
    }
  }

  private void refuse(String path) throws SysfsException {
    Errno fault = faults.get(path);
    if (fault != null) {
      throw new SysfsException(path, fault);
    }
  }

  private @Nullable FakePolicy policyOf(String path) {
    return policies.get(path.substring(0, path.lastIndexOf('/') + 1));
  }

  private static String name(String path) {
    return path.substring(path.lastIndexOf('/') + 1);
  }

  @Override
  public Attribute open(String path, boolean writable) throws SysfsException {
    refuse(path);
    if (!exists(path)) {
      throw new SysfsException(path, Errno.ENOENT);
    }
    return new FakeAttribute(path);
  }

  @Override
  public boolean exists(String path) {
    FakePolicy policy = policyOf(path);
    return constants.containsKey(path) || (policy != null && policy.has(name(path)));
  }

  @Override
  public List<String> list(String directory) {
    String prefix = directory.isEmpty() ? "" : directory + "/";
    TreeSet<String> names = new TreeSet<>();
    for (String path : constants.keySet()) {
      if (path.startsWith(prefix)) {
        String rest = path.substring(prefix.length());
        names.add(rest.contains("/") ? rest.substring(0, rest.indexOf('/')) : rest);
      }
    }
    return List.copyOf(names);
  }

  @Override
  public boolean isKernel() {
    return true;
  }

  /** Reads and writes through the tree, so that faults and offline CPUs reach kept files too. */
  private final class FakeAttribute implements Attribute {
    private final String path;

    FakeAttribute(String path) {
      this.path = path;
    }

    @Override
    public int readNumber() throws SysfsException {
      String text = read(path);
      return text.matches("[0-9]{1,9}") ? Integer.parseInt(text) : NOT_A_NUMBER;
    }

    @Override
    public boolean reads(String expected) throws SysfsException {
      return read(path).equals(expected);
    }

    @Override
    public void writeNumber(int number) throws SysfsException {
      write(path, Integer.toString(number));
    }

    @Override
    public void close() {}
  }
}
