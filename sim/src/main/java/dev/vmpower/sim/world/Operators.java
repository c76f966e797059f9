package dev.vmpower.sim.world;

import dev.vmpower.host.monitor.Event;
import dev.vmpower.host.monitor.Verb;
import dev.vmpower.host.orders.Orders;
import dev.vmpower.machine.cpu.CpuSet;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SortedSet;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Random orders of operators, and what becomes of them. */
final class Operators {
  private static final String WHO = "root";

  private final World world;
  private final SplittableRandom random;

  Operators(World world) {
    this.world = world;
    this.random = world.random;
  }

  /** Whether the rules let a verb be done. */
  private enum Fate {
    DONE,
    REFUSED,
    /** It was tried and undone, since how a frequency domain was found could not be saved. */
    UNSAVED,
    /** The kernel may refuse it. */
    EITHER
  }

  void ask() {
    if (world.late.nextInt(12) == 0) {
      reclaim();
      return;
    }
    switch (random.nextInt(10)) {
      case 0, 1 -> hold();
      case 2 -> release();
      case 3 -> turbo();
      case 4, 5 -> limit();
      case 6, 7 -> enable();
      case 8 -> query();
      default -> pause();
    }
  }

  private <T> void ask(Verb<T> verb, Supplier<Fate> fate, Runnable effect) {
    ask(verb, fate, effect, () -> {});
  }

  private <T> void ask(Verb<T> verb, Supplier<Fate> fate, Runnable effect, Runnable undone) {
    CompletableFuture<T> answer = new CompletableFuture<>();
    world.note("asked " + verb);
    world.post(
        new Event.Asked<>(verb, answer),
        () -> {
          world.settle();
          Fate expected = fate.get();
          if (!answer.isDone()) {
            throw new Wrong(verb + " was not answered");
          }
          boolean done = !answer.isCompletedExceptionally() || isDoneUnrecorded(answer);
          world.note("    " + (done ? "done: " : "refused: ") + verb);
          if (expected != Fate.EITHER && done != (expected == Fate.DONE)) {
            throw new Wrong(verb + " was " + (done ? "done" : "refused: " + why(answer)));
          }
          if (done) {
            effect.run();
          } else if (expected != Fate.REFUSED) {
            undone.run();
          }
          world.settle();
        });
  }

  /** What one frequency domain refused of an order was undone in the others. */
  private void tried(Set<Integer> cpus, Runnable order) {
    Arbitration host = world.host;
    Set<Clock> all = new HashSet<>();
    cpus.forEach(cpu -> all.addAll(host.group(clockOf(cpu))));
    Arbitration.Hold[] holds = host.holds.clone();
    boolean[] turboOff = host.turboOff.clone();
    int[] target = host.target.clone();
    order.run();
    host.decide(world.nowNs);
    for (Clock clock : all) {
      Rest rest = world.rests.get(clock.index());
      if (!world.disk.isFull() || rest.isKept()) {
        rest.tried(host.target[clock.index()]);
      }
    }
    System.arraycopy(holds, 0, host.holds, 0, holds.length);
    System.arraycopy(turboOff, 0, host.turboOff, 0, turboOff.length);
    System.arraycopy(target, 0, host.target, 0, target.length);
  }

  private boolean isDoneUnrecorded(CompletableFuture<?> answer) {
    return world.disk.isOrdersFull() && why(answer).startsWith("done, but");
  }

  private static String why(CompletableFuture<?> answer) {
    return String.valueOf(answer.exceptionNow().getMessage());
  }

  private SortedSet<Integer> anyCpus() {
    TreeSet<Integer> cpus = new TreeSet<>();
    int count = 1 + random.nextInt(2);
    for (int i = 0; i < count; i++) {
      cpus.add(random.nextInt(world.shape.cpus));
    }
    return cpus;
  }

  private Clock clockOf(int cpu) {
    return world.shape.clocks.get(world.shape.clockOf[cpu]);
  }

  private static CpuSet set(Set<Integer> cpus) {
    return Guest.set(new ArrayList<>(cpus));
  }

  private Fate steerable(Set<Integer> cpus) {
    Arbitration host = world.host;
    if (host.passive) {
      return Fate.REFUSED;
    }
    boolean either = false;
    boolean unsaved = false;
    for (int cpu : cpus) {
      if (!host.online.get(cpu) || world.shape.isReserved(clockOf(cpu))) {
        return Fate.REFUSED;
      }
      for (Clock tied : host.group(clockOf(cpu))) {
        Rest rest = world.rests.get(tied.index());
        either |= rest.isDisturbed(world.nowNs);
        unsaved |= world.disk.isFull() && !rest.isKept();
      }
    }
    return unsaved ? Fate.UNSAVED : either ? Fate.EITHER : Fate.DONE;
  }

  private void hold() {
    SortedSet<Integer> cpus = anyCpus();
    List<Integer> khz = clockOf(cpus.first()).khz();
    String level =
        switch (random.nextInt(3)) {
          case 0 -> "max";
          case 1 -> "min";
          default -> khz.get(random.nextInt(khz.size())).toString();
        };
    int forS = random.nextInt(3) == 0 ? 1 + random.nextInt(5) : 0;
    long[] untilNs = {Long.MAX_VALUE};
    ask(
        new Verb.SetCpus(set(cpus), level, WHO, forS),
        () -> {
          untilNs[0] = forS == 0 ? Long.MAX_VALUE : world.nowNs + forS * World.NS_PER_S;
          return canHold(cpus, level);
        },
        () -> world.effects.hold(cpus, Effects.vote(level), untilNs[0]),
        () -> tried(cpus, () -> world.effects.putHold(cpus, Effects.vote(level), untilNs[0])));
  }

  private Fate canHold(Set<Integer> cpus, String level) {
    Fate fate = steerable(cpus);
    for (int cpu : cpus) {
      Clock clock = clockOf(cpu);
      Arbitration.Hold first = world.host.holdOn(clock);
      int vote = Effects.vote(level);
      if (fate == Fate.REFUSED) {
        return fate;
      }
      Set<Integer> held = new HashSet<>();
      Set<Integer> named = new TreeSet<>();
      for (Clock tied : world.host.group(clock)) {
        for (int each : tied.cpus()) {
          if (first != null && first.equals(world.host.holds[each])) {
            held.add(each);
          }
          if (cpus.contains(each)) {
            named.add(each);
          }
        }
      }
      if (first != null && first.vote() != vote && !cpus.containsAll(held)) {
        return Fate.REFUSED;
      }
      if (vote != Vote.MAX && vote != Vote.MIN) {
        Clock lowest = clockOf(named.iterator().next());
        boolean turbo = vote > lowest.nonTurboKhz() && world.host.isTurboOff(lowest);
        if (!lowest.khz().contains(vote) || turbo) {
          return Fate.REFUSED;
        }
      }
    }
    return fate;
  }

  private void release() {
    SortedSet<Integer> cpus = anyCpus();
    boolean[] done = {false};
    ask(
        new Verb.ReleaseCpus(set(cpus)),
        () -> {
          done[0] = world.effects.release(cpus);
          return done[0] ? Fate.DONE : Fate.REFUSED;
        },
        () -> {});
  }

  private void turbo() {
    SortedSet<Integer> cpus = anyCpus();
    boolean on = random.nextBoolean();
    BooleanSupplier any = () -> cpus.stream().allMatch(cpu -> clockOf(cpu).hasTurbo());
    ask(
        new Verb.SwitchTurbo(set(cpus), on, WHO),
        () -> {
          Fate fate = on ? Fate.DONE : steerable(cpus);
          return on || any.getAsBoolean() ? fate : Fate.REFUSED;
        },
        () -> world.effects.turbo(cpus, !on),
        () -> tried(cpus, () -> world.effects.turbo(cpus, !on)));
  }

  private @Nullable Guest anyGuest() {
    return world.guests.isEmpty() ? null : world.guests.get(random.nextInt(world.guests.size()));
  }

  private void limit() {
    Guest guest = anyGuest();
    if (guest == null) {
      return;
    }
    List<Integer> khz = world.shape.clocks.get(0).khz();
    int low = khz.get(random.nextInt(khz.size()));
    int high = khz.get(random.nextInt(khz.size()));
    Orders.Limits change =
        new Orders.Limits(
            random.nextBoolean() ? Math.min(low, high) : 0,
            random.nextBoolean() ? Math.max(low, high) : Integer.MAX_VALUE,
            random.nextBoolean() ? (Boolean) random.nextBoolean() : null,
            random.nextBoolean() ? (Boolean) random.nextBoolean() : null);
    ask(
        new Verb.SetEnvelope(guest.name, change, false),
        () -> known(guest),
        () -> world.effects.limit(guest.name, change));
  }

  private Fate known(Guest guest) {
    return world.host.vms.containsKey(guest.name) ? Fate.DONE : Fate.REFUSED;
  }

  private void enable() {
    Guest guest = anyGuest();
    if (guest == null) {
      return;
    }
    boolean on = random.nextBoolean();
    Integer number = random.nextBoolean() ? (Integer) random.nextInt(Guest.PORTS) : null;
    ask(
        new Verb.EnableChannels(guest.name, number == null ? null : CpuSet.of(number), on),
        () -> {
          RuleVm vm = world.host.vms.get(guest.name);
          boolean connected = vm != null && (number == null || vm.ports.containsKey(number));
          return vm == null ? Fate.REFUSED : connected ? Fate.DONE : Fate.EITHER;
        },
        () -> world.effects.enable(guest.name, number, on));
  }

  private void query() {
    Guest guest = anyGuest();
    if (guest != null) {
      boolean allowed = random.nextInt(4) > 0;
      ask(
          new Verb.AllowQuery(guest.name, allowed),
          () -> known(guest),
          () -> world.effects.allowQuery(guest.name, allowed));
    }
  }

  private void reclaim() {
    SortedSet<Integer> cpus = anyCpus();
    ask(
        new Verb.ReclaimCpus(set(cpus)),
        () -> canReclaim(cpus),
        () -> cpus.forEach(cpu -> world.rests.get(clockOf(cpu).index()).reclaim()),
        () -> writtenAnew(cpus));
  }

  /** Those before the one that refused are ours again, and told their targets once more. */
  private void writtenAnew(SortedSet<Integer> cpus) {
    for (int cpu : cpus) {
      world.rests.get(clockOf(cpu).index()).toldAnew();
    }
  }

  private Fate canReclaim(Set<Integer> cpus) {
    Fate fate = Fate.DONE;
    for (int cpu : cpus) {
      Clock clock = clockOf(cpu);
      Rest rest = world.rests.get(clock.index());
      boolean tampered = !rest.tampered.isEmpty();
      if (!world.host.isThere(clock)) {
        return Fate.REFUSED;
      }
      if (rest.isDisturbed(world.nowNs) && !(tampered && world.host.isManaged(clock))) {
        fate = Fate.EITHER;
      } else if (!rest.isKept()) {
        return Fate.REFUSED;
      }
    }
    return fate;
  }

  private void pause() {
    boolean paused = random.nextInt(3) == 0;
    ask(new Verb.Pause(paused), () -> Fate.DONE, () -> world.effects.pause(paused));
  }
}
