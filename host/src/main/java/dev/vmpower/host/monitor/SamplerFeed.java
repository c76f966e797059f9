package dev.vmpower.host.monitor;

import dev.vmpower.host.sampler.Reading;
import dev.vmpower.host.sampler.Sampler;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Carries what the sampler counts into the mailbox. */
public final class SamplerFeed implements Sampler.Listener {
  private static final Logger LOG = LoggerFactory.getLogger("vmpower.policy");

  private final Mailbox mailbox;

  public SamplerFeed(Mailbox mailbox) {
    this.mailbox = mailbox;
  }

  @Override
  public void sampled(List<Reading> readings) {
    // Where the mailbox is full these are lost, and the next ones are newer.
    mailbox.offer(new Event.Sampled(readings));
  }

  @Override
  public void branches(@Nullable String whyNot) {
    if (whyNot != null) {
      LOG.info("policies by branch ratio are refused: {}", whyNot);
    }
    mailbox.offer(new Event.Branches(whyNot));
  }
}
