package dev.vmpower.host.monitor;

import dev.vmpower.host.channel.Channel;
import dev.vmpower.host.vm.Refusal;
import dev.vmpower.host.vm.Vcpu;
import dev.vmpower.host.vm.Vm;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Counts of all that was asked and refused, and how long answers took. Counting allocates nothing;
 * a log line about a refusal is written at most once in {@link #LOG_EVERY_NS} for each VM and
 * reason, and says how many went unlogged.
 *
 * <p>Not thread-safe: the monitor thread owns it.
 */
final class Statistics {
  static final long LOG_EVERY_NS = 10_000_000_000L;

  /** Answers that take longer are counted as this. */
  private static final long ANSWER_NS_MAX = 10_000_000_000L;

  private static final Logger LOG = LoggerFactory.getLogger("vmpower.guest");

  private final Histogram answerNs = new Histogram(ANSWER_NS_MAX, 2);
  private final long[] refusals = new long[Refusal.count()];
  private @Nullable RefusalWatcher watcher;
  private long requests;
  private long answerNsSum;

  /** Is told of each refusal. */
  interface RefusalWatcher {
    void refused(Vm vm, @Nullable Channel channel, Refusal refusal, @Nullable Vcpu vcpu);
  }

  /** Names who is told of refusals; null for nobody. */
  void watch(@Nullable RefusalWatcher watcher) {
    this.watcher = watcher;
  }

  void countRequest() {
    requests++;
  }

  void answered(long elapsedNs) {
    long countedNs = Math.clamp(elapsedNs, 0, ANSWER_NS_MAX);
    answerNs.recordValue(countedNs);
    answerNsSum += countedNs;
  }

  /** A refusal of something that came through a channel. */
  void refuse(Channel channel, Refusal refusal, @Nullable Vcpu vcpu, long nowNs) {
    channel.countRefused();
    refuse(channel.vm(), channel, refusal, vcpu, nowNs);
  }

  /** A refusal of something that came without a channel. */
  void refuse(Vcpu vcpu, Refusal refusal, long nowNs) {
    refuse(vcpu.vm(), null, refusal, vcpu, nowNs);
  }

  /** A refusal that somebody else has logged. */
  void count(Vm vm, Refusal refusal) {
    refusals[refusal.ordinal()]++;
    vm.countLoggedRefusal(refusal);
    if (watcher != null) {
      watcher.refused(vm, null, refusal, null);
    }
  }

  private void refuse(
      Vm vm, @Nullable Channel channel, Refusal refusal, @Nullable Vcpu vcpu, long nowNs) {
    refusals[refusal.ordinal()]++;
    if (watcher != null) {
      watcher.refused(vm, channel, refusal, vcpu);
    }
    if (vm.countRefusal(refusal, nowNs, LOG_EVERY_NS)) {
      long unlogged = vm.takeUnlogged(refusal);
      LOG.atWarn()
          .addKeyValue("vm", vm.name())
          .addKeyValue("channel", channel == null ? null : channel.number())
          .addKeyValue("vcpu", vcpu == null ? null : vcpu.number())
          .addKeyValue("reason", refusal.label())
          .addKeyValue("requests", unlogged + 1)
          .log(
              "{}: refused{}: {} [{}]{}",
              channel == null ? vm : channel,
              vcpu == null ? "" : " vCPU " + vcpu.number() + " on pCPUs " + vcpu.cpus(),
              refusal.text(),
              refusal.label(),
              unlogged > 0 ? " and " + unlogged + " times before" : "");
    }
  }

  long requests() {
    return requests;
  }

  long refusals(Refusal refusal) {
    return refusals[refusal.ordinal()];
  }

  /** How long answers took, from the wake-up that read the packet to the write of its reply. */
  Histogram answerNs() {
    return answerNs;
  }

  /** How long all answers took. */
  long answerNsSum() {
    return answerNsSum;
  }
}
