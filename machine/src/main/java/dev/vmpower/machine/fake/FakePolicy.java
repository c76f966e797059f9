package dev.vmpower.machine.fake;

import dev.vmpower.machine.cpufreq.Ladder;
import dev.vmpower.machine.sysfs.Errno;
import dev.vmpower.machine.sysfs.SysfsException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** One {@code policyN} of a {@link FakeSysfs}: what acpi-cpufreq makes of each write. */
public final class FakePolicy {
  private static final Set<String> GOVERNORS =
      Set.of("performance", "powersave", "userspace", "ondemand", "schedutil");
  private static final Set<String> WRITABLE =
      Set.of("scaling_governor", "scaling_setspeed", "scaling_min_freq", "scaling_max_freq");
  private static final Set<String> READ_ONLY =
      Set.of("scaling_cur_freq", "cpuinfo_min_freq", "cpuinfo_max_freq");

  // The kernel's sscanf("%u"): what follows the digits does not matter, and 0x10 is 0.
  private static final Pattern NUMBER = Pattern.compile("\\s*([0-9]+)", Pattern.DOTALL);

  /** Of a frequency domain whose governor sets no speed by request. */
  private static final long NOTHING = -1;

  private final String directory;
  private final Ladder ladder;
  private final List<Integer> transitions = new ArrayList<>();
  private String governor = "schedutil";
  private long askedKhz = NOTHING;
  private int believedKhz; // what the kernel takes for the present frequency
  private int hardwareKhz;
  private int minRequestKhz;
  private int maxRequestKhz;
  private boolean offline;
  private boolean failsSilently;

  FakePolicy(String directory, String table) {
    this.directory = directory;
    this.ladder = Ladder.ofTable(table);
    this.believedKhz = ladder.khz(0);
    this.hardwareKhz = believedKhz;
    this.minRequestKhz = ladder.khz(ladder.bottomIndex());
    this.maxRequestKhz = ladder.khz(0);
  }

  public String governor() {
    return governor;
  }

  /** The frequency that the hardware was last told, in kHz. */
  public int currentKhz() {
    return hardwareKhz;
  }

  /** Every frequency that the hardware was told since the last call, in kHz. */
  public List<Integer> takeTransitions() {
    List<Integer> taken = List.copyOf(transitions);
    transitions.clear();
    return taken;
  }

  /**
   * While all its pCPUs are offline every read and write is EBUSY, also on kept files. When one
   * comes back, governor and limits are as they were; the speed asked for is lost, and the kernel
   * guesses the present one without telling the hardware.
   */
  public void setOffline(boolean offline) {
    boolean returns = this.offline && !offline;
    this.offline = offline;
    if (returns) {
      believedKhz = ladder.khz(ladder.nonTurboIndex());
      start();
    }
  }

  /** As a driver whose transitions fail: writes return well, and nothing changes. */
  public void setFailsSilently(boolean failsSilently) {
    this.failsSilently = failsSilently;
  }

  /** As another program would. */
  public void setGovernor(String name) throws SysfsException {
    write("scaling_governor", name);
  }

  static String governors() {
    return String.join(" ", GOVERNORS);
  }

  static boolean has(String name) {
    return WRITABLE.contains(name) || READ_ONLY.contains(name);
  }

  static boolean isWritable(String name) {
    return WRITABLE.contains(name);
  }

  String read(String name) throws SysfsException {
    refuseOffline(name);
    return switch (name) {
      case "scaling_governor" -> governor;
      case "scaling_setspeed" ->
          governor.equals("userspace") ? Integer.toString(believedKhz) : "<unsupported>";
      case "scaling_cur_freq" -> Integer.toString(believedKhz);
      case "scaling_min_freq" -> Integer.toString(minKhz());
      case "scaling_max_freq" -> Integer.toString(maxKhz());
      case "cpuinfo_min_freq" -> Integer.toString(ladder.khz(ladder.bottomIndex()));
      case "cpuinfo_max_freq" -> Integer.toString(ladder.khz(0));
      default -> throw new SysfsException(directory + name, Errno.ENOENT);
    };
  }

  void write(String name, String value) throws SysfsException {
    if (!isWritable(name)) {
      throw new SysfsException(directory + name, has(name) ? Errno.EACCES : Errno.ENOENT);
    }
    refuseOffline(name);
    switch (name) {
      case "scaling_governor" -> changeGovernor(value);
      case "scaling_setspeed" -> {
        if (!governor.equals("userspace")) {
          throw new SysfsException(directory + name, Errno.EINVAL);
        }
        askedKhz = number(name, value);
        follow();
      }
      case "scaling_min_freq" -> {
        minRequestKhz = limit(name, value);
        follow();
      }
      default -> {
        maxRequestKhz = limit(name, value);
        follow();
      }
    }
  }

  // Its first word counts, in any case. Its present governor again loses nothing.
  private void changeGovernor(String value) throws SysfsException {
    String word = value.strip().split("\\s+")[0].toLowerCase(Locale.ROOT);
    if (!GOVERNORS.contains(word)) {
      throw new SysfsException(directory + "scaling_governor", Errno.EINVAL);
    }
    if (word.equals(governor)) {
      follow();
    } else {
      governor = word;
      start();
    }
  }

  private void start() {
    askedKhz = governor.equals("userspace") ? believedKhz : NOTHING;
    follow();
  }

  // A speed asked for earlier comes back when the limits widen.
  private void follow() {
    switch (governor) {
      case "performance" -> apply(maxKhz());
      case "powersave" -> apply(minKhz());
      default -> apply(askedKhz == NOTHING ? believedKhz : askedKhz);
    }
  }

  private void apply(long khz) {
    int clamped = Math.clamp(khz, minKhz(), maxKhz());
    int level = ladder.khz(ladder.ceilingIndex(clamped));
    if (level != believedKhz && !failsSilently) {
      believedKhz = level;
      hardwareKhz = level;
      transitions.add(level);
    }
  }

  private int maxKhz() {
    return ladder.khz(ladder.floorIndex(maxRequestKhz));
  }

  private int minKhz() {
    return Math.min(ladder.khz(ladder.ceilingIndex(minRequestKhz)), maxKhz());
  }

  /** An unsigned int, so 4294967296 is 0. */
  private long number(String name, String value) throws SysfsException {
    Matcher digits = NUMBER.matcher(value);
    if (!digits.lookingAt()) {
      throw new SysfsException(directory + name, Errno.EINVAL);
    }
    int number = 0;
    for (char digit : digits.group(1).toCharArray()) {
      number = number * 10 + (digit - '0');
    }
    return Integer.toUnsignedLong(number);
  }

  private int limit(String name, String value) throws SysfsException {
    long khz = number(name, value);
    if (khz > Integer.MAX_VALUE) {
      throw new SysfsException(directory + name, Errno.EINVAL);
    }
    return (int) khz;
  }

  private void refuseOffline(String name) throws SysfsException {
    if (offline) {
      throw new SysfsException(directory + name, Errno.EBUSY);
    }
  }

  boolean isOffline() {
    return offline;
  }
}
