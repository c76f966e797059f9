package dev.vmpower.machine.libvirt;

import dev.vmpower.fuzz.Lines;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Set;

/** Any XML is a domain within its limits, or refused in one line; and it is read once. */
public final class DomainFuzz {
  private DomainFuzz() {}

  public static void fuzzerTestOneInput(byte[] bytes) {
    try {
      DomainXml domain = DomainXml.parse(new String(bytes, StandardCharsets.UTF_8));
      check(!domain.name().isEmpty() && domain.uuid().length() == 36, "who it is");
      check(domain.vcpus().size() <= DomainXml.VCPUS_MAX, "vCPUs");
      check(domain.interfaces().size() <= DomainXml.INTERFACES_MAX, "interfaces");
      Set<Integer> numbers = new HashSet<>();
      for (DomainXml.Channel channel : domain.channels()) {
        check(channel.number() >= 0 && channel.number() < DomainXml.CHANNELS_MAX, "a number");
        check(numbers.add(channel.number()), "one of each number");
        check(channel.path().isAbsolute(), "a path that needs no directory");
      }
    } catch (LibvirtException refused) {
      Lines.check(String.valueOf(refused.getMessage()));
    }
  }

  private static void check(boolean holds, String what) {
    if (!holds) {
      throw new AssertionError(what);
    }
  }
}
