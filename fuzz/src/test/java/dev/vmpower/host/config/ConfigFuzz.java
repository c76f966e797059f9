package dev.vmpower.host.config;

import dev.vmpower.fuzz.Lines;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;

/** Any file is a configuration, or refused in one line that names the file. */
public final class ConfigFuzz {
  private static final Path FILE = file();
  private static final Pattern PLACE =
      Pattern.compile(Pattern.quote(FILE.toString()) + "(:[1-9][0-9]*)?: ?\\S.*");

  private ConfigFuzz() {}

  private static Path file() {
    try {
      Path file = Files.createTempFile(Path.of("/dev/shm"), "vmpower-fuzz", ".toml");
      file.toFile().deleteOnExit();
      return file;
    } catch (IOException full) {
      throw new IllegalStateException(full);
    }
  }

  public static void fuzzerTestOneInput(byte[] bytes) throws IOException {
    Files.write(FILE, bytes);
    try {
      Config config = ConfigFile.read(FILE);
      if (config.vms().stream().anyMatch(vm -> vm.name().isEmpty() || vm.name().contains("/"))) {
        throw new AssertionError("a VM without a name");
      }
    } catch (ConfigException refused) {
      String line = String.valueOf(refused.getMessage());
      Lines.check(line);
      if (!PLACE.matcher(line).matches()) {
        throw new AssertionError("no place in: " + line);
      }
    }
  }
}
