package dev.vmpower.machine.fake;

import dev.vmpower.machine.cpu.CpuSet;
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
 * A host in memory that answers as the kernel does: it refuses what the kernel refuses, clamps and
 * rounds what the kernel does, and can be told to fail.
 *
 * <p>The rules were seen with Linux 6.1 and its unmodified acpi-cpufreq driver; those of other
 * drivers ({@link FakeDriver}) come from their sources. {@code cpufreq} of each {@code cpuN} leads
 * to its {@code policyN}. Not thread-safe.
 */
public final class FakeSysfs implements Sysfs {
  private final Map<String, String> constants = new TreeMap<>();
  private final Map<String, FakePolicy> policies = new HashMap<>();
  private final Map<String, String> links = new HashMap<>(); // cpuN/cpufreq/ to its policy
  private final Map<String, Errno> faults = new HashMap<>();
  private final Map<String, Incident> incidents = new HashMap<>();
  private final Map<String, Errno> writeFaults = new HashMap<>();
  private final Map<String, Long> births = new HashMap<>(); // how often a directory was made anew
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
    String directory = addTopology(cpus);
    constants.put(directory + "scaling_driver", "acpi-cpufreq");
    constants.put(directory + "scaling_available_frequencies", table + " ");
    constants.put(
        directory + "scaling_available_governors",
        String.join(" ", FakeDriver.ACPI.governors()) + " ");
    policies.put(directory, new FakePolicy(directory, FakeDriver.ACPI, table, constants));
    return this;
  }

  /** Adds one frequency domain of {@code cpus}, the lowest first, with all that a driver has. */
  public FakeSysfs addPolicy(FakeDriver driver, int... cpus) {
    String directory = addTopology(cpus);
    constants.putAll(driver.constants(directory, cpus));
    String table = constants.get(directory + "scaling_available_frequencies");
    FakePolicy policy = new FakePolicy(directory, driver, table, constants);
    policy.setLimitsLag(true);
    policies.put(directory, policy);
    return this;
  }

  private String addTopology(int... cpus) {
    String directory = "cpufreq/policy" + cpus[0] + "/";
    List<String> words = new ArrayList<>();
    for (int cpu : cpus) {
      words.add(Integer.toString(cpu));
      constants.put("cpu" + cpu + "/topology/physical_package_id", "0");
      links.put("cpu" + cpu + "/cpufreq/", directory);
    }
    constants.put(directory + "related_cpus", String.join(" ", words));
    constants.put(directory + "affected_cpus", String.join(" ", words));
    return directory;
  }

  /** Every file there is, with what it reads now. */
  public Map<String, String> files() throws SysfsException {
    Map<String, String> texts = new TreeMap<>(constants);
    for (Map.Entry<String, FakePolicy> entry : policies.entrySet()) {
      for (String name : FakePolicy.NAMES) {
        if (entry.getValue().has(name)) {
          texts.put(entry.getKey() + name, entry.getValue().read(name));
        }
      }
    }
    return texts;
  }

  /** Makes every open, read and write of {@code path} fail, until told otherwise with null. */
  public void fail(String path, @Nullable Errno errno) {
    plan(faults, path, errno);
  }

  /** Makes every write of {@code path} fail, until told otherwise with null. */
  public void failWrites(String path, @Nullable Errno errno) {
    plan(writeFaults, path, errno);
  }

  /** Something that happens just before a write reaches the kernel. */
  public interface Incident {
    void happen() throws SysfsException;
  }

  /** Lets something happen just before the next write of {@code path}, once. */
  public void beforeNextWrite(String path, Incident incident) {
    incidents.put(path, incident);
  }

  private static void plan(Map<String, Errno> faults, String path, @Nullable Errno errno) {
    if (errno == null) {
      faults.remove(path);
    } else {
      faults.put(path, errno);
    }
  }

  /**
   * Takes {@code cpu} offline, or brings it back: {@code online}, {@code cpuN/online} and {@code
   * affected_cpus} say so, and a frequency domain without an online pCPU refuses everything with
   * EBUSY.
   */
  public void setOnline(int cpu, boolean online) {
    constants.put("cpu" + cpu + "/online", online ? "1" : "0");
    CpuSet one = CpuSet.of(cpu);
    constants.computeIfPresent(
        "online",
        (path, list) -> {
          CpuSet all = CpuSet.parse(list);
          return (online ? all.union(one) : all.without(one)).toString();
        });
    births.merge("cpu" + cpu + "/topology", 1L, Long::sum);
    String directory = links.get("cpu" + cpu + "/cpufreq/");
    FakePolicy policy = policies.get(directory);
    if (directory != null && policy != null) {
      List<String> affected = new ArrayList<>();
      for (String related : constants.getOrDefault(directory + "related_cpus", "").split(" ")) {
        if (!"0".equals(constants.get("cpu" + related + "/online"))) {
          affected.add(related);
        }
      }
      constants.put(directory + "affected_cpus", String.join(" ", affected));
      if (policy.isOffline() != affected.isEmpty()) {
        policy.setOffline(affected.isEmpty());
      }
    }
  }

  /** Takes the cpufreq driver away: its files are gone, and kept ones are ENODEV. */
  public void unloadDriver() {
    constants.keySet().removeIf(path -> path.startsWith("cpufreq/policy"));
    policies.clear();
    links.clear();
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
    String real = resolve(path);
    refuse(faults, real);
    FakePolicy policy = policyOf(real);
    String constant = constants.get(real);
    if (constant != null) {
      if (policy != null && policy.isOffline()) {
        throw new SysfsException(path, Errno.EBUSY);
      }
      return constant.strip();
    }
    if (policy == null) {
      throw new SysfsException(path, Errno.ENOENT);
    }
    return policy.read(name(real));
  }

  @Override
  public void write(String path, String value) throws SysfsException {
    String real = resolve(path);
    Incident incident = incidents.remove(real);
    if (incident != null) {
      incident.happen();
    }
    try {
      refuse(faults, real);
      refuse(writeFaults, real);
      FakePolicy policy = policyOf(real);
      if (constants.containsKey(real)) {
        throw new SysfsException(path, Errno.EACCES);
      }
      if (policy == null) {
        throw new SysfsException(path, Errno.ENOENT);
      }
      policy.write(name(real), value);
      writes.add(real + "=" + value);
    } catch (SysfsException refused) {
      writes.add("!" + real + "=" + value);
      throw refused;
    }
  }

  private static void refuse(Map<String, Errno> faults, String path) throws SysfsException {
    Errno fault = faults.get(path);
    if (fault != null) {
      throw new SysfsException(path, fault);
    }
  }

  private String resolve(String path) {
    String directory = path.substring(0, path.lastIndexOf('/') + 1);
    return links.getOrDefault(directory, directory) + name(path);
  }

  private boolean isWritable(String path) {
    FakePolicy policy = policyOf(path);
    return policy != null && policy.isWritable(name(path));
  }

  private @Nullable FakePolicy policyOf(String path) {
    return policies.get(path.substring(0, path.lastIndexOf('/') + 1));
  }

  private static String name(String path) {
    return path.substring(path.lastIndexOf('/') + 1);
  }

  @Override
  public Attribute open(String path, boolean writable) throws SysfsException {
    String real = resolve(path);
    refuse(faults, real);
    if (!exists(real)) {
      throw new SysfsException(path, Errno.ENOENT);
    }
    if (writable && (constants.containsKey(real) || !isWritable(real))) {
      throw new SysfsException(path, Errno.EACCES);
    }
    return new FakeAttribute(real, policyOf(real));
  }

  @Override
  public boolean exists(String path) {
    String real = resolve(path);
    FakePolicy policy = policyOf(real);
    return constants.containsKey(real) || (policy != null && policy.has(name(real)));
  }

  @Override
  public long identity(String path) {
    boolean offline = "0".equals(constants.get(path.replace("/topology", "/online")));
    return offline ? 0 : births.getOrDefault(path, 1L);
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

    private final @Nullable FakePolicy policy;

    FakeAttribute(String path, @Nullable FakePolicy policy) {
      this.path = path;
      this.policy = policy;
    }

    @Override
    public int readNumber() throws SysfsException {
      String text = text();
      try {
        return text.matches("[0-9]+") ? Integer.parseInt(text) : NOT_A_NUMBER;
      } catch (NumberFormatException tooLarge) {
        return NOT_A_NUMBER;
      }
    }

    @Override
    public boolean reads(String expected) throws SysfsException {
      return text().equals(expected);
    }

    @Override
    public void writeNumber(int number) throws SysfsException {
      refuseUnloaded();
      write(path, Integer.toString(number));
    }

    @Override
    public void rewrite() throws SysfsException {
      write(path, text());
    }

    private String text() throws SysfsException {
      refuseUnloaded();
      return read(path);
    }

    private void refuseUnloaded() throws SysfsException {
      if (policy != null && policyOf(path) != policy) {
        throw new SysfsException(path, Errno.ENODEV);
      }
    }

    @Override
    public void close() {}
  }
}
