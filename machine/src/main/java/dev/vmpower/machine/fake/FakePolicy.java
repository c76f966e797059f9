package dev.vmpower.machine.fake;

import dev.vmpower.machine.cpufreq.Ladder;
import dev.vmpower.machine.sysfs.Errno;
import dev.vmpower.machine.sysfs.SysfsException;
import java.util.Set;

/** One {@code policyN} of a {@link FakeSysfs}: what acpi-cpufreq makes of each write. */
public final class FakePolicy {
  private static final Set<String> GOVERNORS =
      Set.of("performance", "powersave", "userspace", "ondemand", "schedutil");

  private final String directory;
  private final Ladder ladder;
  private String governor = "schedutil";
  private int askedKhz;
  private int currentKhz;
  private int minRequestKhz;
  private int maxRequestKhz;
  private boolean offline;
  private boolean failsSilently;

  FakePolicy(String directory, String table) {
    this.directory = directory;
    this.ladder = Ladder.ofTable(table);
    this.currentKhz = ladder.khz(0);
    this.minRequestKhz = ladder.khz(ladder.bottomIndex());
    this.maxRequestKhz = ladder.khz(0);
  }

  public String governor() {
    return governor;
  }

  /** The frequency that the hardware was last told, in kHz. */
  public int currentKhz() {
    return currentKhz;
  }

  /** While all its pCPUs are offline every read and write is EBUSY, also on kept files. */
  public void setOffline(boolean offline) {
    this.offline = offline;
    askedKhz = 0;
  }

  /** As a driver whose transitions fail: writes return well, and nothing changes. */
  public void setFailsSilently(boolean failsSilently) {
    this.failsSilently = failsSilently;
  }

  /** As another program would. */
  public void setGovernor(String name) throws SysfsException {
    write("scaling_governor", name);
  }

  boolean has(String name) {
    return switch (name) {
      case "scaling_governor",
          "scaling_setspeed",
          "scaling_cur_freq",
          "scaling_min_freq",
          "scaling_max_freq",
          "cpuinfo_min_freq",
          "cpuinfo_max_freq" ->
          true;
      default -> false;
    };
  }

  String read(String name) throws SysfsException {
    refuseOffline(name);
    return switch (name) {
      case "scaling_governor" -> governor;
      case "scaling_setspeed" ->
          governor.equals("userspace") ? Integer.toString(currentKhz) : "<unsupported>";
      case "scaling_cur_freq" -> Integer.toString(currentKhz);
      case "scaling_min_freq" -> Integer.toString(minKhz());
      case "scaling_max_freq" -> Integer.toString(maxKhz());
      case "cpuinfo_min_freq" -> Integer.toString(ladder.khz(ladder.bottomIndex()));
      case "cpuinfo_max_freq" -> Integer.toString(ladder.khz(0));
      default -> throw new SysfsException(directory + name, Errno.ENOENT);
    };
  }

  void write(String name, String value) throws SysfsException {
    refuseOffline(name);
    switch (name) {
      case "scaling_governor" -> changeGovernor(value);
      case "scaling_setspeed" -> {
        if (!governor.equals("userspace")) {
          throw new SysfsException(directory + name, Errno.EINVAL);
        }
        askedKhz = number(name, value);
        apply(askedKhz);
      }
      case "scaling_min_freq" -> {
        minRequestKhz = number(name, value);
        follow();
      }
      case "scaling_max_freq" -> {
        maxRequestKhz = number(name, value);
        follow();
      }
      default -> throw new SysfsException(directory + name, Errno.EACCES);
    }
  }

  private void changeGovernor(String value) throws SysfsException {
    if (!GOVERNORS.contains(value)) {
      throw new SysfsException(directory + "scaling_governor", Errno.EINVAL);
    }
    governor = value;
    askedKhz = value.equals("userspace") ? currentKhz : 0;
    if (value.equals("performance")) {
      apply(maxKhz());
    } else if (value.equals("powersave")) {
      apply(minKhz());
    }
  }

  // A speed asked for earlier comes back when the limits widen.
  private void follow() {
    apply(askedKhz > 0 ? askedKhz : currentKhz);
  }

  private void apply(int khz) {
    if (!failsSilently) {
      int clamped = Math.clamp(khz, minKhz(), maxKhz());
      currentKhz = ladder.khz(ladder.ceilingIndex(clamped));
    }
  }

  private int maxKhz() {
    return ladder.khz(ladder.floorIndex(maxRequestKhz));
  }

  private int minKhz() {
    return Math.min(ladder.khz(ladder.ceilingIndex(minRequestKhz)), maxKhz());
  }

  private int number(String name, String value) throws SysfsException {
    if (!value.matches("[0-9]{1,9}")) {
      throw new SysfsException(directory + name, Errno.EINVAL);
    }
    return Integer.parseInt(value);
  }

  private void refuseOffline(String name) throws SysfsException {
    if (offline) {
      throw new SysfsException(directory + name, Errno.EBUSY);
    }
  }
}
