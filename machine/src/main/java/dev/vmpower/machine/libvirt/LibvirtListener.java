package dev.vmpower.machine.libvirt;

import java.util.List;

/**
 * What a {@code LibvirtWatch} tells. Every call but {@link #unanswered} comes on the watch's own
 * thread, never two at once, and must return soon. The views are idempotent: a {@link DomainInfo}
 * replaces all that was known of its uuid.
 */
public interface LibvirtListener {
  /** Connected, or connected again: all domains there are, running or not. */
  void connected(List<DomainInfo> domains);

  /**
   * The connection broke or could not be made; {@code why} is one line, told once for as long as it
   * stays the reason. What was known stays until {@code connected}.
   */
  void disconnected(String why);

  /**
   * A call has not returned for so long that something is wrong; {@code why} is one line. Whatever
   * becomes of it, {@code connected} or {@code disconnected} follows, and nothing before that call
   * returns.
   */
  void unanswered(String why);

  /** A domain appeared or something of it changed: state, pinning, vCPUs, channels, name. */
  void changed(DomainInfo domain);

  /** A domain is neither running nor defined any more. */
  void gone(String uuid);

  /** The guest was reset; its process and its sockets stay. */
  void rebooted(String uuid);

  /**
   * A guest process opened this port, or has had it closed for {@link LibvirtWatch#PORT_CLOSED_NS}.
   */
  void guestPort(String uuid, int channel, boolean open);
}
