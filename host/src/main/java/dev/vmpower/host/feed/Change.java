package dev.vmpower.host.feed;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** One change of what the daemon knows or does, with the moment at which it was so. */
public sealed interface Change {
  Instant at();

  /** What sort of change it is, in one word. */
  String type();

  /**
   * What a vCPU asks for, as of the end of a wake-up.
   *
   * @param vote {@code max}, {@code medium}, {@code min} or kHz
   * @param source {@code request}, {@code guest-policy}, {@code operator-policy}, or {@code none}
   *     without a claim
   */
  record Vote(
      Instant at, String vm, int vcpu, String vote, boolean turbo, boolean claimed, String source)
      implements Change {
    @Override
    public String type() {
      return "vote";
    }
  }

  /**
   * What a frequency domain was brought to.
   *
   * @param domain N of its {@code policyN}
   * @param cpus its pCPUs
   * @param targetKhz null once nobody asks
   * @param why the target's reason, in words
   */
  record Target(Instant at, int domain, String cpus, @Nullable Integer targetKhz, String why)
      implements Change {
    @Override
    public String type() {
      return "target";
    }
  }

  /**
   * What became of a channel.
   *
   * @param state {@code connected}, {@code hung-up}, {@code enabled}, {@code disabled}, {@code
   *     port-open} or {@code port-closed}
   */
  record Channel(Instant at, String vm, int channel, String state) implements Change {
    @Override
    public String type() {
      return "channel";
    }
  }

  /**
   * What became of a VM.
   *
   * @param state {@code running}, {@code paused}, {@code shut-off}, {@code static} or {@code gone}
   */
  record Vm(Instant at, String vm, String state) implements Change {
    @Override
    public String type() {
      return "vm";
    }
  }

  /**
   * Packets that were refused in one wake-up.
   *
   * @param channel through which they came; null of a FIFO
   * @param vcpu which they were about; null where they were about none of the VM's
   * @param reason its label, as counters have it
   */
  record Refusal(
      Instant at,
      String vm,
      @Nullable Integer channel,
      @Nullable Integer vcpu,
      String reason,
      int count)
      implements Change {
    @Override
    public String type() {
      return "refusal";
    }
  }

  /**
   * What became of a policy.
   *
   * @param name an operator's name for it, or {@code guest:VM}
   * @param what {@code applied}, {@code removed}, or {@code level} when it came to another
   * @param level {@code max}, {@code medium} or {@code min}; null while it has none
   */
  record Policy(Instant at, String name, String what, @Nullable String level) implements Change {
    @Override
    public String type() {
      return "policy";
    }
  }

  /**
   * A level that an operator set by hand.
   *
   * @param level {@code max}, {@code min} or kHz; null when it was released
   * @param who set it
   */
  record Hold(Instant at, String cpus, @Nullable String level, String who) implements Change {
    @Override
    public String type() {
      return "hold";
    }
  }

  /**
   * Another program changed what a managed frequency domain runs by.
   *
   * @param domain N of its {@code policyN}
   * @param cpus its pCPUs
   * @param state {@code standing}, {@code undone} (ours is in force again) or {@code over}
   * @param what was changed; once it is known, who likely did it
   */
  record Conflict(Instant at, int domain, String cpus, String state, String what)
      implements Change {
    @Override
    public String type() {
      return "conflict";
    }
  }

  /** The daemon acts or does not: {@code control}, {@code observe} or {@code paused}. */
  record Status(Instant at, String mode) implements Change {
    @Override
    public String type() {
      return "status";
    }
  }
}
