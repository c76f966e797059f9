package dev.vmpower.machine.fake;

import dev.vmpower.machine.cpufreq.Ladder;
import dev.vmpower.machine.sysfs.Errno;
import dev.vmpower.machine.sysfs.SysfsException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** One {@code policyN} of a {@link FakeSysfs}: what its driver makes of each write. */
public final class FakePolicy {
  /** All files that it can have, in alphabetical order. */
  static final List<String> NAMES =
      List.of(
          "boost",
          "cpuinfo_max_freq",
          "cpuinfo_min_freq",
          "energy_performance_preference",
          "scaling_cur_freq",
          "scaling_governor",
          "scaling_max_freq",
          "scaling_min_freq",
          "scaling_setspeed");

  private static final Set<String> NUMBERS =
      Set.of("scaling_setspeed", "scaling_min_freq", "scaling_max_freq");
  private static final Set<String> READ_ONLY =
      Set.of("scaling_cur_freq", "cpuinfo_min_freq", "cpuinfo_max_freq");
  private static final String EPP = "energy_performance_preference";
  private static final List<String> EPPS =
      List.of("default", "performance", "balance_performance", "balance_power", "power");

  // The kernel's sscanf("%u"): what follows the digits does not matter, and 0x10 is 0.
  private static final Pattern NUMBER = Pattern.compile("\\s*([0-9]+)", Pattern.DOTALL);

  /** Of a frequency domain whose governor sets no speed by request. */
  private static final long NOTHING = -1;

  private final String directory;
  private final FakeDriver driver;
  private final @Nullable Ladder table;
  private final Map<String, String> host;
  private final List<Integer> transitions = new ArrayList<>();
  private String governor;
  private String epp = "balance_performance";
  private String eppBefore = epp;
  private boolean boost = true;
  private long askedKhz = NOTHING;
  private int believedKhz; // what the kernel takes for the present frequency
  private int hardwareKhz;
  private int minRequestKhz;
  private int maxRequestKhz;
  private int minAppliedKhz;
  private int maxAppliedKhz;
  private boolean limitsLag;
  private boolean echoesSetspeed;
  private boolean rangeStays;
  private boolean offline;
  private boolean failsSilently;

  /**
   * A frequency domain as it is after booting.
   *
   * @param table the levels; null for a driver that has none
   * @param host the files of the host, which say whether turbo is on
   */
  FakePolicy(
      String directory, FakeDriver driver, @Nullable String table, Map<String, String> host) {
    this.directory = directory;
    this.driver = driver;
    this.table = table == null ? null : Ladder.ofTable(table);
    this.host = host;
    this.governor = driver.governors().get(0);
    this.minRequestKhz = bottomKhz();
    this.maxRequestKhz = topKhz();
    this.minAppliedKhz = minRequestKhz;
    this.maxAppliedKhz = maxRequestKhz;
    this.believedKhz = topKhz();
    this.hardwareKhz = believedKhz;
    follow();
  }

  public String governor() {
    return governor;
  }

  /** The frequency that the hardware gives a busy pCPU, in kHz. */
  public int currentKhz() {
    boolean boosts = boostsTop() && hardwareKhz == topKhz() && turboIsOn();
    return boosts ? driver.maxKhz() : hardwareKhz;
  }

  /** The frequency that the hardware keeps for an idle pCPU, in kHz. */
  public int floorKhz() {
    boolean performance = governor.equals("performance");
    return switch (driver.speed) {
      case TABLE, REQUEST, TICKS -> hardwareKhz;
      case FLOOR -> performance ? maxKhz() : minKhz();
      case CEILING -> {
        int highKhz = driver.remembersEpp() ? maxKhz() : Math.min(driver.nominalKhz(), maxKhz());
        yield performance ? highKhz : minKhz();
      }
    };
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
      believedKhz = table == null ? driver.nominalKhz() : table.khz(table.nonTurboIndex());
      start();
    }
  }

  /** As real kernels do: a limit is in force when a worker has applied it, or a governor did. */
  public void setLimitsLag(boolean limitsLag) {
    this.limitsLag = limitsLag;
  }

  /** Lets the kernel's worker apply what was asked of the limits. */
  public void work() {
    minAppliedKhz = minRequestKhz;
    maxAppliedKhz = maxRequestKhz;
    follow();
  }

  /** As older kernels: {@code cpuinfo_max_freq} is the same with turbo switched off. */
  public void setRangeStays(boolean rangeStays) {
    this.rangeStays = rangeStays;
  }

  /** As newer kernels: {@code scaling_setspeed} reads what was asked, also where that failed. */
  public void setEchoesSetspeed(boolean echoesSetspeed) {
    this.echoesSetspeed = echoesSetspeed;
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
    return isWritable(name) || READ_ONLY.contains(name);
  }

  boolean isWritable(String name) {
    return NUMBERS.contains(name)
        || name.equals("scaling_governor")
        || (name.equals(EPP) && driver.hasEpp())
        || (name.equals("boost") && driver.hasBoost());
  }

  String read(String name) throws SysfsException {
    refuseOffline(name);
    if (!has(name)) {
      throw new SysfsException(directory + name, Errno.ENOENT);
    }
    return switch (name) {
      case "scaling_governor" -> governor;
      case "scaling_setspeed" -> governor.equals("userspace") ? setspeed() : "<unsupported>";
      case "scaling_cur_freq" -> Integer.toString(believedKhz);
      case "scaling_min_freq" -> Integer.toString(minKhz());
      case "scaling_max_freq" -> Integer.toString(maxKhz());
      case "cpuinfo_min_freq" -> Integer.toString(bottomKhz());
      case "cpuinfo_max_freq" ->
          Integer.toString(boostsTop() || rangeStays ? driver.maxKhz() : topKhz());
      case EPP -> epp;
      default -> boost && hostBoosts() ? "1" : "0";
    };
  }

  private String setspeed() {
    return Long.toString(echoesSetspeed && askedKhz != NOTHING ? askedKhz : believedKhz);
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
        limitChanged();
      }
      case "scaling_max_freq" -> {
        maxRequestKhz = limit(name, value);
        limitChanged();
      }
      case EPP -> changeEpp(value);
      default -> changeBoost(value);
    }
  }

  private void limitChanged() {
    if (!limitsLag) {
      work();
    }
  }

  private void changeEpp(String value) throws SysfsException {
    if (!EPPS.contains(value)) {
      throw new SysfsException(directory + EPP, Errno.EINVAL);
    }
    boolean bound = driver.isActive() && governor.equals("performance");
    if (bound && !value.equals("performance")) {
      throw new SysfsException(directory + EPP, Errno.EBUSY);
    }
    epp = value;
  }

  private void changeBoost(String value) throws SysfsException {
    if (!hostBoosts() || !value.matches("[01]")) {
      throw new SysfsException(directory + "boost", Errno.EINVAL);
    }
    boost = value.equals("1");
    follow();
  }

  // Its first word counts, in any case. Its present governor again loses nothing.
  private void changeGovernor(String value) throws SysfsException {
    String word = value.strip().split("\\s+")[0].toLowerCase(Locale.ROOT);
    if (!driver.governors().contains(word)) {
      throw new SysfsException(directory + "scaling_governor", Errno.EINVAL);
    }
    work();
    if (!word.equals(governor)) {
      if (driver.isActive() && word.equals("performance")) {
        eppBefore = epp;
        epp = "performance";
      } else if (driver.remembersEpp()) {
        epp = eppBefore;
      }
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
    boolean performance = governor.equals("performance");
    switch (driver.speed) {
      case TABLE, REQUEST -> {
        if (performance) {
          apply(maxKhz());
        } else if (governor.equals("powersave")) {
          apply(minKhz());
        } else {
          apply(askedKhz == NOTHING ? believedKhz : askedKhz);
        }
      }
      case CEILING -> apply(maxKhz());
      case FLOOR -> apply(governor.equals("powersave") ? minKhz() : maxKhz());
      case TICKS -> apply(performance ? maxKhz() : believedKhz);
    }
  }

  private void apply(long khz) {
    int clamped = Math.clamp(khz, minKhz(), maxKhz());
    int level = table == null ? clamped : table.khz(table.ceilingIndex(clamped));
    if (level != believedKhz && !failsSilently) {
      believedKhz = level;
      hardwareKhz = level;
      transitions.add(level);
    }
  }

  /** Whether there is more above the top of the table, by a switch. */
  private boolean boostsTop() {
    return table != null && driver.hasBoost();
  }

  private int bottomKhz() {
    return table == null ? driver.minKhz() : table.khz(table.bottomIndex());
  }

  private int topKhz() {
    if (table != null) {
      return table.khz(0);
    }
    return turboIsOn() ? driver.maxKhz() : driver.nominalKhz();
  }

  private boolean turboIsOn() {
    return boost && hostBoosts() && !"1".equals(host.get("intel_pstate/no_turbo"));
  }

  private boolean hostBoosts() {
    return !"0".equals(host.get("cpufreq/boost"));
  }

  private int maxKhz() {
    int khz = Math.clamp(maxAppliedKhz, bottomKhz(), topKhz());
    return table == null ? khz : table.khz(table.floorIndex(khz));
  }

  private int minKhz() {
    int khz = Math.clamp(minAppliedKhz, bottomKhz(), topKhz());
    return Math.min(table == null ? khz : table.khz(table.ceilingIndex(khz)), maxKhz());
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
