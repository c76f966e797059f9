package dev.vmpower.host.config;

import dev.vmpower.fuzz.Lines;
import dev.vmpower.host.policy.OperatorPolicy;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Any text is policies, each for something, or refused in one line that names its place. */
public final class PolicyFileFuzz {
  private PolicyFileFuzz() {}

  public static void fuzzerTestOneInput(byte[] bytes) {
    try {
      List<OperatorPolicy> policies =
          PolicyFile.parse("policy", new String(bytes, StandardCharsets.UTF_8));
      if (policies.isEmpty() || policies.stream().anyMatch(each -> each.name().isEmpty())) {
        throw new AssertionError("no policy, or one without a name");
      }
    } catch (ConfigException refused) {
      String line = String.valueOf(refused.getMessage());
      Lines.check(line);
      if (!line.startsWith("policy:")) {
        throw new AssertionError("no place in: " + line);
      }
    }
  }
}
