package dev.vmpower.machine.libvirt;

import dev.vmpower.machine.cpu.CpuSet;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Prints what a watch tells, with the time since the start in ms: {@code PrintEvents URI}. A line
 * {@code pin NAME VCPU CPUS} on stdin pins; the end of stdin ends it.
 */
final class PrintEvents implements LibvirtListener {
  private final long startNs = System.nanoTime();

  private PrintEvents() {}

  public static void main(String[] arguments) throws IOException {
    PrintEvents events = new PrintEvents();
    try (LibvirtWatch watch = new LibvirtWatch(arguments[0], events)) {
      watch.start();
      BufferedReader in =
          new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        String[] words = line.split(" ", -1);
        try {
          watch.pin(words[1], Integer.parseInt(words[2]), CpuSet.parse(words[3]));
          events.print("pinned");
        } catch (LibvirtException refused) {
          events.print("pin refused: " + refused.getMessage());
        }
      }
    }
    events.print("closed");
  }

  private void print(String what) {
    System.out.println((System.nanoTime() - startNs) / 1_000_000 + " " + what);
  }

  @Override
  public void connected(List<DomainInfo> domains) {
    print("connected " + domains);
  }

  @Override
  public void disconnected(String why) {
    print("disconnected " + why);
  }

  @Override
  public void unanswered(String why) {
    print("unanswered " + why);
  }

  @Override
  public void changed(DomainInfo domain) {
    print("changed " + domain);
  }

  @Override
  public void gone(String uuid) {
    print("gone " + uuid);
  }

  @Override
  public void rebooted(String uuid) {
    print("rebooted " + uuid);
  }

  @Override
  public void guestPort(String uuid, int channel, boolean open) {
    print("guestPort " + channel + " " + (open ? "open" : "closed"));
  }
}
