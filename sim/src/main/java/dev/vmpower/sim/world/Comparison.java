package dev.vmpower.sim.world;

import dev.vmpower.machine.sysfs.SysfsException;
import java.nio.channels.SelectionKey;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What is, compared with what the rules say should be, once the daemon has woken up. */
final class Comparison {
  private final World world;

  Comparison(World world) {
    this.world = world;
  }

  /** Works out how each packet of this wake-up is to be answered, and that nothing else was. */
  void judge(List<Rules.Reply> replies) {
    for (Rules.Reply reply : replies) {
      GuestPort port = reply.port.guest;
      if (port.port != reply.port) {
        continue; // it is gone
      }
      boolean known = reply.queried < 0 || reply.port.vm.vcpus.containsKey((int) reply.queried);
      reply.refused |= !known; // a query is answered after all else
      boolean surely = true;
      boolean maybe = !world.host.passive;
      boolean unclaimed = false;
      for (RuleVm.Vcpu vcpu : reply.vcpus) {
        // Its port was closed in this wake-up: there is nobody whom a reply could mislead.
        unclaimed |= !vcpu.isClaimed() && !vcpu.where.isEmpty();
        for (int index : vcpu.where) {
          Rest rest = world.rests.get(index);
          surely &= !rest.isDisturbed(world.nowNs);
          surely &= rest.isAt(world.fake, world.host.target[index]);
          maybe &= world.host.holdOn(rest.clock) == null && !world.host.unsaved[index];
          maybe &= rest.counts(world.fake, world.host.target[index], world.nowNs);
        }
        maybe &= !vcpu.where.isEmpty() && vcpu.vm.vcpus.get(vcpu.number) == vcpu;
      }
      if (!reply.refused && !maybe) {
        for (RuleVm.Vcpu vcpu : reply.vcpus) {
          for (int index : vcpu.where) {
            world.note(
                "    not in force: "
                    + world.rests.get(index).show(world.fake)
                    + " for "
                    + world.host.target[index]);
          }
        }
      }
      reply.mayBeAck = !reply.refused && (maybe || unclaimed);
      reply.mustBeAck = !reply.refused && maybe && surely && !unclaimed;
      port.owe(reply);
    }
    for (Guest guest : world.guests) {
      for (GuestPort port : guest.ports) {
        SimSocket socket = port.socket;
        if (socket != null) {
          SelectionKey key = socket.keyFor(world.life.selector());
          port.check(key != null && (key.interestOps() & SelectionKey.OP_WRITE) != 0);
        }
      }
    }
  }

  /** Compares what was written, and what is, with what should be. */
  void compare() throws SysfsException {
    List<String> writes = world.fake.takeWrites();
    writes.forEach(w -> world.note("    wrote " + w));
    int[] speeds = new int[world.shape.clocks.size()];
    for (String write : writes) {
      Clock clock = clockOf(write);
      if (clock == null || world.shape.isReserved(clock)) {
        throw new Wrong("written what is never to be touched: " + write);
      }
      int i = clock.index();
      Rest rest = world.rests.get(i);
      if (rest.isAwaited() && !world.host.passive && !rest.isDisturbed(world.nowNs)) {
        throw new Wrong("given back while its claims may still come: " + write);
      }
      if (!rest.wasOurs() && !rest.isDisturbed(world.nowNs)) {
        throw new Wrong("written what is not managed: " + write);
      }
      if (write.contains("governor")) {
        rest.suspect(); // what it finds is told to the hardware by way of another level
      } else if (write.contains("setspeed") && !rest.isDisturbed(world.nowNs)) {
        speeds[i]++;
      }
      if (speeds[i] > rest.writesMax()) {
        throw new Wrong("written again and again in one wake-up: " + write);
      }
    }
    world.rests.forEach(rest -> rest.written(speeds[rest.clock.index()]));
    for (Rest rest : world.rests) {
      compare(rest, writes);
    }
    for (RuleVm vm : world.host.vms.values()) {
      if (vm.state != RuleVm.State.SHUT_OFF && !world.wanted.contains(vm.name)) {
        throw new Wrong("the sockets of " + vm.name + " are not wanted");
      }
    }
  }

  private @Nullable Clock clockOf(String write) {
    for (Rest rest : world.rests) {
      if (write.startsWith(rest.file("")) || write.startsWith("!" + rest.file(""))) {
        return rest.clock;
      }
    }
    return null;
  }

  private void compare(Rest rest, List<String> writes) throws SysfsException {
    Clock clock = rest.clock;
    int i = clock.index();
    boolean managed = world.host.isManaged(clock);
    boolean same = rest.isSettled();
    if (!same) {
      String now = managed ? "is to be at " + world.host.target[i] : "is to be as it was";
      world.note("    policy" + clock.number() + " " + now);
    }
    if (managed) {
      rest.leftover = false;
      rest.retake(world.fake);
    } else if (!rest.leftover) {
      rest.leave(world.fake);
    }
    if ((same && writes.isEmpty() && world.steps % 8 != 0) || rest.isDisturbed(world.nowNs)) {
      return;
    }
    if (managed && !rest.isAt(world.fake, world.host.target[i])) {
      world
          .host
          .members(clock)
          .forEach(vcpu -> world.note(vcpu + " counts as " + world.host.levelOf(vcpu, clock)));
      throw new Wrong(
          "policy%d is at %s %s, and should be at %d"
              .formatted(
                  clock.number(),
                  world.fake.read(rest.file("scaling_governor")),
                  world.fake.read(rest.file("scaling_setspeed")),
                  world.host.target[i]));
    }
    int hardwareKhz = world.fake.policy(clock.number()).currentKhz();
    if (managed && rest.canBeTold(world.fake) && hardwareKhz != world.host.target[i]) {
      throw new Wrong("policy%d: the hardware is at %d".formatted(clock.number(), hardwareKhz));
    }
    if (!managed && !rest.leftover) {
      String difference = rest.difference(world.fake);
      if (!difference.isEmpty()) {
        throw new Wrong("policy" + clock.number() + " is not as it was found: " + difference);
      }
    }
  }
}
