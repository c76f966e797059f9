package dev.vmpower.host.monitor;

import dev.vmpower.machine.libvirt.DomainInfo;
import dev.vmpower.machine.libvirt.LibvirtListener;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries what libvirt tells into the mailbox. Nothing may be lost of it, so where the mailbox is
 * full it is libvirt's thread that waits.
 */
public final class LibvirtFeed implements LibvirtListener {
  private static final Logger LOG = LoggerFactory.getLogger("vmpower.libvirt");
  private static final long FULL_WAIT_NS = 1_000_000L;

  private final Monitor monitor;
  private final CountDownLatch answered = new CountDownLatch(1);

  public LibvirtFeed(Monitor monitor) {
    this.monitor = monitor;
  }

  /** Waits until libvirt has told its domains or cannot be reached, but not for long. */
  public void awaitAnswer(long timeoutNs) throws InterruptedException {
    if (!answered.await(timeoutNs, TimeUnit.NANOSECONDS)) {
      LOG.warn("libvirt is slow; its domains are taken up as soon as it answers");
    }
  }

  private void post(Event event) {
    while (!monitor.mailbox().offer(event) && !monitor.ended().isDone()) {
      LockSupport.parkNanos(this, FULL_WAIT_NS);
    }
  }

  @Override
  public void connected(List<DomainInfo> domains) {
    LOG.info("connected, {} domains", domains.size());
    post(new Event.LibvirtConnected(domains));
    answered.countDown();
  }

  @Override
  public void disconnected(String why) {
    LOG.warn("{}; trying again, and serving what is known meanwhile", why);
    post(new Event.LibvirtDisconnected(why));
    answered.countDown();
  }

  @Override
  public void unanswered(String why) {
    LOG.warn("{}; waiting for it, and serving what is known meanwhile", why);
    post(new Event.LibvirtDisconnected(why));
  }

  @Override
  public void changed(DomainInfo domain) {
    post(new Event.DomainChanged(domain));
  }

  @Override
  public void gone(String uuid) {
    post(new Event.DomainGone(uuid));
  }

  @Override
  public void rebooted(String uuid) {
    post(new Event.DomainRebooted(uuid));
  }

  @Override
  public void guestPort(String uuid, int channel, boolean open) {
    post(new Event.GuestPort(uuid, channel, open));
  }
}
