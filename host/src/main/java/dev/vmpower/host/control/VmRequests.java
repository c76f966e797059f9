package dev.vmpower.host.control;

import dev.vmpower.host.monitor.Verb;
import dev.vmpower.host.orders.Orders;
import java.nio.file.Path;
import java.util.List;

/** Turns what is asked about VMs into verbs. */
final class VmRequests {
  /** The fields of an envelope. */
  static final List<String> LIMITS = List.of("min_khz", "max_khz", "turbo", "enforce");

  private static final int VCPUS_MAX = 4096;
  private static final int CHANNEL_MAX = 1023;

  private VmRequests() {}

  static Verb.AddVm add(Arguments a) throws RequestException {
    return new Verb.AddVm(
        a.text("name"),
        a.has("channels") ? path(a, "channels") : null,
        a.has("vcpus") ? a.cpuLists("vcpus", VCPUS_MAX) : List.of(),
        a.has("peer_uid") ? (Integer) a.integer("peer_uid", 0, Integer.MAX_VALUE) : null,
        a.has("query") ? (Boolean) a.flag("query") : null,
        limits(a));
  }

  static Verb.SetEnvelope envelope(Arguments a) throws RequestException {
    return new Verb.SetEnvelope(a.text("vm"), limits(a), a.has("reset") && a.flag("reset"));
  }

  static Verb.AddChannel addChannel(Arguments a) throws RequestException {
    return new Verb.AddChannel(a.text("vm"), a.integer("channel", 0, CHANNEL_MAX), path(a, "path"));
  }

  private static Orders.Limits limits(Arguments a) throws RequestException {
    Integer maxKhz = a.has("max_khz") ? (Integer) a.khz("max_khz") : null;
    return new Orders.Limits(
        a.has("min_khz") ? (Integer) a.khz("min_khz") : null,
        maxKhz != null && maxKhz == 0 ? (Integer) Integer.MAX_VALUE : maxKhz,
        a.has("turbo") ? (Boolean) a.flag("turbo") : null,
        a.has("enforce") ? (Boolean) a.flag("enforce") : null);
  }

  private static Path path(Arguments a, String name) throws RequestException {
    String text = a.text(name);
    if (!text.startsWith("/")) {
      throw new RequestException(
          RequestException.BAD_REQUEST, "\"" + name + "\": give an absolute path, not " + text);
    }
    return Path.of(text);
  }
}
