package dev.vmpower.sim.world;

import dev.vmpower.machine.sysfs.Errno;
import dev.vmpower.machine.sysfs.SysfsException;
import java.io.IOException;
import java.util.List;
import java.util.SplittableRandom;

/** What the kernel, the host's administrator and other programs do to frequency domains. */
final class Mishaps {
  /** By when the daemon has looked, at the latest. */
  static final long SETTLE_NS = 5 * World.NS_PER_S + 2 * World.NS_PER_MS;

  private final World world;
  private final SplittableRandom random;

  Mishaps(World world) {
    this.world = world;
    this.random = world.random;
  }

  /** Lets one happen. */
  void happen() throws IOException {
    if (world.disk.isTroubled()) {
      return;
    }
    Rest rest = world.rests.get(random.nextInt(world.rests.size()));
    switch (random.nextInt(world.disk.fills() ? 24 : 8)) {
      case 0, 1 -> fail(rest);
      case 2 -> offline(rest);
      case 3 -> administer(rest);
      case 4 -> tamper(rest);
      case 5 -> {
        if (random.nextInt(4) == 0) {
          world.hostTurbo = !world.hostTurbo;
          world.note("host turbo " + world.hostTurbo);
          world.fake.put("cpufreq/boost", world.hostTurbo ? "1" : "0");
        }
      }
      default -> heal(rest);
    }
  }

  private void fail(Rest rest) {
    if (rest.isDisturbedForever()) {
      return;
    }
    rest.disturb();
    Errno[] kinds = {Errno.EBUSY, Errno.EINVAL, Errno.EIO};
    Errno errno = kinds[random.nextInt(kinds.length)];
    // A set-speed that fails to go back without a word cannot be told from one that went back.
    int which = random.nextInt(rest.governor.equals("userspace") ? 2 : 3);
    world.note("policy" + rest.clock.number() + " fails " + which + " " + errno);
    if (which == 0) {
      world.fake.failWrites(rest.file("scaling_setspeed"), errno);
    } else if (which == 1) {
      world.fake.failWrites(rest.file("scaling_governor"), errno);
    } else {
      world.fake.policy(rest.clock.number()).setFailsSilently(true);
    }
  }

  private void heal(Rest rest) throws SysfsException {
    if (!rest.isDisturbedForever() || !isOnline(rest)) {
      return;
    }
    world.note("policy" + rest.clock.number() + " is well again");
    rest.suspect();
    world.fake.failWrites(rest.file("scaling_setspeed"), null);
    world.fake.failWrites(rest.file("scaling_governor"), null);
    world.fake.policy(rest.clock.number()).setFailsSilently(false);
    if (!rest.tampered.isEmpty() && world.host.isManaged(rest.clock)) {
      world.fake.policy(rest.clock.number()).setGovernor("userspace");
      rest.tampered = "";
    }
    rest.settleBy(world.nowNs + SETTLE_NS);
  }

  private boolean isOnline(Rest rest) {
    return world.isOnline(rest.clock);
  }

  private void offline(Rest rest) throws IOException {
    int cpu = rest.clock.cpus().get(random.nextInt(rest.clock.cpus().size()));
    boolean returns = !world.online.get(cpu);
    if (cpu == 0 || (rest.isDisturbedForever() && !returns)) {
      return;
    }
    boolean wasOnline = isOnline(rest);
    world.online.set(cpu, returns);
    world.fake.setOnline(cpu, returns);
    world.note("pCPU " + cpu + (returns ? " is back" : " goes"));
    rest.suspect();
    rest.change(world.nowNs);
    if (!isOnline(rest)) {
      rest.disturb();
    } else if (!wasOnline) {
      rest.suspect();
      rest.settleBy(world.nowNs + SETTLE_NS);
      if (rest.governor.equals("userspace") && !world.life.isSaved(rest.clock)) {
        rest.setspeed = world.fake.read(rest.file("scaling_setspeed"));
      }
    }
  }

  /** The administrator changes what nobody manages. */
  private void administer(Rest rest) throws IOException {
    boolean ours = world.host.isManaged(rest.clock) || rest.leftover;
    ours |= world.life.isSaved(rest.clock);
    if (ours || rest.isDisturbed(world.nowNs) || !isOnline(rest)) {
      return;
    }
    List<Integer> khz = rest.clock.khz();
    int level = khz.get(random.nextInt(khz.size()));
    switch (random.nextInt(4)) {
      case 0 -> world.fake.write(rest.file("scaling_max_freq"), Integer.toString(level));
      case 1 -> {
        int lowKhz = Math.min(level, rest.clock.nonTurboKhz());
        world.fake.write(rest.file("scaling_min_freq"), Integer.toString(lowKhz));
      }
      case 2 -> world.fake.policy(rest.clock.number()).setGovernor("powersave");
      default -> {
        world.fake.policy(rest.clock.number()).setGovernor("userspace");
        world.fake.write(rest.file("scaling_setspeed"), Integer.toString(level));
      }
    }
    rest.read(world.fake);
    world.host.minKhz[rest.clock.index()] = rest.minKhz;
    world.host.maxKhz[rest.clock.index()] = rest.highestKhz();
    world.fake.takeWrites();
    world.note("policy" + rest.clock.number() + " is administered");
  }

  /** Another program takes the governor of what is managed. */
  private void tamper(Rest rest) throws SysfsException {
    boolean possible = world.host.isManaged(rest.clock) && !rest.isDisturbed(world.nowNs);
    boolean taken = world.fake.policy(rest.clock.number()).governor().equals("userspace");
    if (!possible || !taken || rest.governor.equals("userspace")) {
      return;
    }
    world.note("policy" + rest.clock.number() + " is tampered with");
    rest.change(world.nowNs);
    world.fake.policy(rest.clock.number()).setGovernor("ondemand");
    if (world.shape.reassert) {
      rest.settleBy(world.nowNs + World.NS_PER_S);
    } else {
      rest.tampered = "ondemand";
      rest.disturb();
    }
  }
}
