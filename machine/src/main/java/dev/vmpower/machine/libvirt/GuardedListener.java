package dev.vmpower.machine.libvirt;

import java.util.List;

/** Passes everything on; an exception of the listener is logged and goes no further. */
record GuardedListener(LibvirtListener listener) implements LibvirtListener {
  @Override
  public void connected(List<DomainInfo> domains) {
    guarded(() -> listener.connected(List.copyOf(domains)));
  }

  @Override
  public void disconnected(String why) {
    guarded(() -> listener.disconnected(why));
  }

  @Override
  public void unanswered(String why) {
    guarded(() -> listener.unanswered(why));
  }

  @Override
  public void changed(DomainInfo domain) {
    guarded(() -> listener.changed(domain));
  }

  @Override
  public void gone(String uuid) {
    guarded(() -> listener.gone(uuid));
  }

  @Override
  public void rebooted(String uuid) {
    guarded(() -> listener.rebooted(uuid));
  }

  @Override
  public void guestPort(String uuid, int channel, boolean open) {
    guarded(() -> listener.guestPort(uuid, channel, open));
  }

  private static void guarded(Runnable call) {
    try {
      call.run();
    } catch (Throwable failed) {
      System.getLogger(LibvirtWatch.class.getName())
          .log(System.Logger.Level.ERROR, "a listener to libvirt failed", failed);
    }
  }
}
