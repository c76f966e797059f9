package dev.vmpower.sim.world;

import dev.vmpower.machine.fake.FakeSysfs;
import dev.vmpower.machine.sysfs.SysfsException;

/** How a frequency domain is when vmpower has no part in it. */
final class Rest {
  private static final long LOOK_NS = 100_000_000;
  private static final long FOREVER = Long.MAX_VALUE;

  final Clock clock;
  private final String directory;
  String governor;
  String tampered = "";
  int minKhz;
  int maxKhz;
  String setspeed;
  private boolean reclaimed; // by an operator, in this wake-up
  boolean leftover; // an earlier run had it, and this one may still wait for its claims
  private boolean wasLeftover; // until this wake-up, in which it may be given back
  private boolean managed; // as settled last
  private int targetKhz;
  private boolean kept; // how it was found is known, and on the disk
  private boolean wasManaged; // before this wake-up, or for some time in it
  private int changes; // of what was settled, in this wake-up
  private int detours; // by another level, where it was taken over in this wake-up
  private boolean unseen; // something happened that the daemon notices when it looks
  private boolean unsure; // what the kernel guesses has to be undone first
  private long disturbedUntilNs;
  private long unnoticedUntilNs;

  Rest(Clock clock, FakeSysfs kernel) throws SysfsException {
    this.clock = clock;
    this.directory = "cpufreq/policy" + clock.number() + "/";
    this.governor = kernel.read(directory + "scaling_governor");
    this.setspeed = kernel.read(directory + "scaling_setspeed");
    this.minKhz = number(kernel, "min");
    this.maxKhz = number(kernel, "max");
  }

  String file(String name) {
    return directory + name;
  }

  /** The administrator changed it. */
  void read(FakeSysfs kernel) throws SysfsException {
    governor = kernel.read(directory + "scaling_governor");
    setspeed = kernel.read(directory + "scaling_setspeed");
    minKhz = number(kernel, "min");
    maxKhz = number(kernel, "max");
  }

  private int number(FakeSysfs kernel, String which) throws SysfsException {
    return Integer.parseInt(kernel.read(directory + "scaling_" + which + "_freq"));
  }

  /** What another program made of it is left as it is: that is how it is from now on. */
  void leave(FakeSysfs kernel) {
    if (isTamperedAndHas(kernel, tampered)) {
      governor = tampered;
      tampered = "";
    }
  }

  /** What was taken over anew, as after a start, is another program's no more. */
  void retake(FakeSysfs kernel) {
    if (isTamperedAndHas(kernel, "userspace")) {
      tampered = "";
    }
  }

  /** Whether another program changed it once, and its governor is this one now. */
  private boolean isTamperedAndHas(FakeSysfs kernel, String governor) {
    try {
      return !tampered.isEmpty() && kernel.read(directory + "scaling_governor").equals(governor);
    } catch (SysfsException offline) {
      return false; // once it is back
    }
  }

  /** A wake-up begins. */
  void begin() {
    reclaimed = false;
    wasManaged = managed;
    wasLeftover = leftover;
    changes = 0;
    detours = 0;
  }

  /** Whether the daemon knows how it was found, and has that on the disk. */
  boolean isKept() {
    return kept;
  }

  /** What is decided now is done, but where the kernel may be in the way. */
  void keep(long nowNs) {
    kept |= managed;
    if (!managed && !leftover && !isDisturbed(nowNs)) {
      kept = false;
    }
  }

  /** All that was decided is done. */
  void calm() {
    kept = managed || leftover;
  }

  /** The daemon starts; what an earlier run left may be claimed again. */
  void begin(boolean left) {
    leftover = left;
    kept = left;
    managed = false;
    targetKhz = 0;
  }

  /** The rules say now that it is managed, and at how many kHz. */
  void decided(boolean nowManaged, int khz, boolean online) {
    if (managed && !nowManaged && online && !tampered.isEmpty()) {
      governor = tampered; // left as it is, even if it is taken again in this wake-up
      tampered = "";
    }
    if (!managed && nowManaged && online) {
      tampered = ""; // taken over, as after a start
    }
    detours += nowManaged && !managed ? 1 : 0; // the hardware may be anywhere
    changes += nowManaged != managed || khz != targetKhz ? 1 : 0;
    leftover &= !(nowManaged && online); // it was claimed again, if only for a moment
    managed = nowManaged;
    targetKhz = khz;
    wasManaged |= nowManaged;
  }

  /**
   * An operator's order, by which it were at so many kHz, was tried and undone in this wake-up:
   * written where that is another speed, or where it had to be taken over for that and was given
   * back, as far as the set-speed that it was found at.
   */
  void tried(int khz) {
    if (!managed) {
      changes += governor.equals("userspace") ? 2 : 1;
      detours++;
      leftover = false;
      kept = false;
    } else if (khz != targetKhz) {
      changes += 2;
    }
    wasManaged = true;
  }

  /** It is told its target once more, whatever it was told before. */
  void toldAnew() {
    detours += managed ? 1 : 0;
  }

  /** Whether nothing was decided anew in this wake-up. */
  boolean isSettled() {
    return changes == 0;
  }

  /** Whether something may have been written in this wake-up. */
  boolean wasOurs() {
    return wasManaged || wasLeftover;
  }

  /** Whether an earlier run had it, and nobody has claimed it in this one. */
  boolean isAwaited() {
    return leftover && !wasManaged && !reclaimed;
  }

  /** How often the speed may have been set in this wake-up. */
  int writesMax() {
    return Math.max(changes, 1) + detours + (isSuspect() ? 1 : 0);
  }

  /** A pCPU went or came, or another governor was in force: the hardware may be anywhere. */
  void suspect() {
    unseen = true;
  }

  /** Whether the daemon may know of that, and lead the hardware there by another level. */
  private boolean isSuspect() {
    return unseen || unsure;
  }

  /** The daemon looks. */
  void look() {
    unsure |= unseen;
    unseen = false;
  }

  /** The daemon set the speed so often in one wake-up. */
  void written(int speeds) {
    unseen &= speeds <= Math.max(changes, 1) + detours;
    unsure &= speeds == 0;
  }

  /** What the administrator's upper limit is, if it is one. */
  int highestKhz() {
    return maxKhz < clock.highest() ? maxKhz : Integer.MAX_VALUE;
  }

  void disturb() {
    disturbedUntilNs = FOREVER;
  }

  /**
   * Something was changed underneath. In a stream of requests one look serves for 0.1 s, so what
   * was in force before counts for so long, where nothing has to be written.
   */
  void change(long nowNs) {
    unnoticedUntilNs = nowNs + LOOK_NS;
  }

  private boolean mayBeUnnoticed(long nowNs) {
    return changes == 0 && managed && nowNs <= unnoticedUntilNs;
  }

  /** An operator made it ours again, whatever another program made of it. */
  void reclaim() {
    detours++; // its speed is set anew, too
    reclaimed = true;
    if (!tampered.isEmpty()) {
      tampered = "";
      disturbedUntilNs = 0;
    }
  }

  void settleBy(long ns) {
    disturbedUntilNs = ns;
  }

  boolean isDisturbed(long nowNs) {
    return nowNs <= disturbedUntilNs;
  }

  boolean isDisturbedForever() {
    return disturbedUntilNs == FOREVER;
  }

  /** Whether the daemon may take it for being at {@code khz}. */
  boolean counts(FakeSysfs kernel, int khz, long nowNs) {
    return isAt(kernel, khz) || mayBeUnnoticed(nowNs);
  }

  /** Whether the kernel has it at {@code khz}, steered. */
  boolean isAt(FakeSysfs kernel, int khz) {
    try {
      return kernel.read(directory + "scaling_governor").equals("userspace")
          && kernel.read(directory + "scaling_setspeed").equals(Integer.toString(khz));
    } catch (SysfsException offline) {
      return false;
    }
  }

  /**
   * Whether the hardware can be told, where the kernel only guesses: by way of another level, which
   * the limits must leave.
   */
  boolean canBeTold(FakeSysfs kernel) throws SysfsException {
    int lowKhz = number(kernel, "min");
    int highKhz = number(kernel, "max");
    return clock.khz().stream().filter(khz -> khz >= lowKhz && khz <= highKhz).count() > 1;
  }

  String show(FakeSysfs kernel) {
    try {
      return directory
          + kernel.read(directory + "scaling_governor")
          + " "
          + kernel.read(directory + "scaling_setspeed");
    } catch (SysfsException offline) {
      return directory + offline.getMessage();
    }
  }

  /** How it differs from what it was; empty where it does not. */
  String difference(FakeSysfs kernel) throws SysfsException {
    String now =
        String.join(
            " ",
            kernel.read(directory + "scaling_governor"),
            kernel.read(directory + "scaling_min_freq"),
            kernel.read(directory + "scaling_max_freq"));
    String before = governor + " " + minKhz + " " + maxKhz;
    if (!now.equals(before)) {
      return "is " + now + ", was " + before;
    }
    String speed = kernel.read(directory + "scaling_setspeed");
    boolean keeps = governor.equals("userspace");
    return !keeps || speed.equals(setspeed) ? "" : "set-speed is " + speed + ", was " + setspeed;
  }
}
