package dev.vmpower.host.control;

import dev.vmpower.host.control.ControlServer.Asker;
import dev.vmpower.host.feed.Change;
import dev.vmpower.host.feed.Feed;
import dev.vmpower.host.feed.Feed.Numbered;
import dev.vmpower.host.feed.Reader;
import dev.vmpower.host.feed.TargetHistory;
import dev.vmpower.host.monitor.Verb;
import dev.vmpower.host.view.CpuView;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows the targets for the {@link TargetHistory}. Where a flood was faster, it begins anew from
 * what is there.
 */
final class HistoryKeeper {
  private static final Logger LOG = LoggerFactory.getLogger("vmpower.control");

  private final Feed feed;
  private final Asker asker;
  private final InstantSource wall;
  private final TargetHistory history = new TargetHistory();
  private @Nullable Reader reader;
  private @Nullable CompletableFuture<List<CpuView>> present;

  HistoryKeeper(Feed feed, Asker asker, InstantSource wall) {
    this.feed = feed;
    this.asker = asker;
    this.wall = wall;
  }

  /** The targets of the last 15 minutes, until now. */
  synchronized List<TargetHistory.Course> courses() {
    follow();
    return history.courses();
  }

  /** Takes what was published since. */
  synchronized void follow() {
    if (reader == null || reader.isCutOff()) {
      begin();
    }
    if (present != null && present.isDone()) {
      if (!present.isCompletedExceptionally()) {
        takeAll(present.join());
      }
      present = null;
    }
    Reader following = reader;
    if (following == null) {
      return;
    }
    for (Numbered next = following.poll(); next != null; next = following.poll()) {
      if (next.change() instanceof Change.Target target) {
        history.add(target.domain(), target.at().toEpochMilli(), target.targetKhz());
      }
    }
  }

  private void begin() {
    if (reader != null) {
      reader.close();
    }
    reader = feed.open();
    if (reader == null) {
      LOG.warn("the page's history has a gap: {} follow the events already", Feed.READERS_MAX);
      return;
    }
    present = asker.ask(new Verb.ListCpus());
  }

  private void takeAll(List<CpuView> cpus) {
    long nowMs = wall.millis();
    for (CpuView cpu : cpus) {
      if (cpu.domain() != null) {
        history.add(cpu.domain(), nowMs, cpu.managed() ? cpu.targetKhz() : null);
      }
    }
  }
}
