package dev.vmpower.host.monitor;

import dev.vmpower.host.clock.ManagedDomain;
import dev.vmpower.host.feed.Change;
import dev.vmpower.host.vm.Refusal;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What became of conflicts since they were last looked at. One is told when it is found, again when
 * it is known who is behind it, and when it is over.
 *
 * <p>Not thread-safe: the monitor thread owns it.
 */
final class ConflictChanges {
  private static final Seen NONE = new Seen(0, "", null);

  private final Map<Integer, Seen> seen = new HashMap<>();

  private record Seen(long conflicts, String state, @Nullable String what) {}

  void forget() {
    seen.clear();
  }

  /** What is new at {@code managed}; null if nothing is. */
  Change.@Nullable Conflict look(ManagedDomain managed, Instant at) {
    int number = managed.domain().number();
    String what = managed.lastConflict();
    if (what == null) {
      return null;
    }
    Seen before = Objects.requireNonNull(seen.getOrDefault(number, NONE));
    Seen now = new Seen(managed.conflicts(), state(managed, before), what);
    if (now.equals(before)) {
      return null;
    }
    seen.put(number, now);
    return new Change.Conflict(at, number, managed.domain().cpus().toString(), now.state(), what);
  }

  private static String state(ManagedDomain managed, Seen before) {
    if (managed.problem() == Refusal.CONFLICT) {
      return "standing";
    }
    if (managed.conflicts() != before.conflicts()) {
      return "undone";
    }
    return before.state().equals("standing") ? "over" : before.state();
  }
}
