package dev.vmpower.machine.libvirt;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Remembers every call as one line, and the last view of each domain. Thread-safe. */
final class RecordingListener implements LibvirtListener {
  private final List<String> calls = new CopyOnWriteArrayList<>();
  private final List<DomainInfo> views = new CopyOnWriteArrayList<>();

  @Override
  public void connected(List<DomainInfo> domains) {
    calls.add("connected " + domains.stream().map(DomainInfo::uuid).sorted().toList());
    views.addAll(domains);
  }

  @Override
  public void disconnected(String why) {
    calls.add("disconnected " + why);
  }

  @Override
  public void unanswered(String why) {
    calls.add("unanswered " + why);
  }

  @Override
  public void changed(DomainInfo domain) {
    calls.add(
        "changed " + domain.uuid() + " " + domain.state() + " " + domain.vcpus().getFirst().cpus());
    views.add(domain);
  }

  @Override
  public void gone(String uuid) {
    calls.add("gone " + uuid);
  }

  @Override
  public void rebooted(String uuid) {
    calls.add("rebooted " + uuid);
  }

  @Override
  public void guestPort(String uuid, int channel, boolean open) {
    calls.add("port " + uuid + "." + channel + (open ? " open" : " closed"));
  }

  /** All calls since the last time, which are forgotten by this. */
  List<String> drain() {
    List<String> drained = new ArrayList<>(calls);
    calls.clear();
    return drained;
  }

  List<String> calls() {
    return List.copyOf(calls);
  }

  DomainInfo last() {
    return views.getLast();
  }
}
