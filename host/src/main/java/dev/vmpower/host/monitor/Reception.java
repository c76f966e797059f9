package dev.vmpower.host.monitor;

import dev.vmpower.host.clock.Clocks;
import dev.vmpower.host.clock.Holds;
import dev.vmpower.host.clock.TurboSwitch;
import dev.vmpower.host.config.Config;
import dev.vmpower.host.orders.OrderStore;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Where operators' verbs come in. What is kept across restarts is answered only when it is on the
 * disk too; where it cannot be saved, it stays in force and the answer says so.
 *
 * <p>Not thread-safe: the monitor thread owns it.
 */
final class Reception {
  private final Holds holds;
  private final Answers.Settler settler;
  private final Answers answers;
  private final OrderBook orders;
  private final OrderStore kept;

  Reception(
      Clocks clocks,
      Holds holds,
      Fleet fleet,
      Connections connections,
      Overrides overrides,
      PolicyDesk policies,
      Statistics statistics,
      Answers.Settler settler,
      OrderStore kept,
      Config.Cpu config) {
    TurboSwitch turbo = new TurboSwitch(clocks, holds);
    this.holds = holds;
    this.settler = settler;
    this.kept = kept;
    this.answers =
        new Answers(
            clocks,
            holds,
            turbo,
            fleet,
            new VmDesk(clocks, fleet, connections, overrides, config),
            policies,
            new Views(clocks, fleet, overrides, statistics),
            settler,
            config);
    this.orders =
        new OrderBook(
            clocks, holds, turbo, fleet, connections, overrides, policies.operatorPolicies());
  }

  /** Puts into force what was kept, before the first VM is known. */
  void restore(long nowNs, long nowMs) {
    orders.restore(kept.load(), nowNs, nowMs);
  }

  void setLibvirt(String state) {
    answers.setLibvirt(state);
  }

  /** Whether the daemon acts: {@code control}, {@code observe} or {@code paused}. */
  String mode() {
    return answers.mode();
  }

  /** Does what is asked, and answers or refuses. */
  <T> void take(Event.Asked<T> asked, long wakeups, long nowNs, long nowMs) {
    try {
      settler.settle(nowNs, nowMs); // the votes of this wake-up and the targets they lead to
      T answer = answers.answer(asked.verb(), wakeups, nowNs, nowMs);
      if (Answers.isKept(asked.verb())) {
        kept.record(orders.orders(), failed -> complete(asked.answer(), answer, failed));
      } else {
        asked.answer().complete(answer);
      }
    } catch (Verb.RefusedException | RuntimeException refused) {
      asked.answer().completeExceptionally(refused);
    }
  }

  private static <T> void complete(
      CompletableFuture<T> asked, T answer, @Nullable String notRecorded) {
    if (notRecorded == null) {
      asked.complete(answer);
    } else {
      asked.completeExceptionally(
          new Verb.RefusedException(
              "done, but a restart before there is room would forget it: " + notRecorded));
    }
  }

  /** Releases the holds whose time is over; false if there are none. */
  boolean expire(long nowNs) {
    boolean released = holds.expire(nowNs);
    if (released) {
      kept.record(orders.orders(), failed -> {});
    }
    return released;
  }

  /** Returns when all that was asked is on the disk, or cannot be. */
  void close() {
    kept.close();
  }
}
