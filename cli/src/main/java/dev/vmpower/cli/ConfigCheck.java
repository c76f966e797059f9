package dev.vmpower.cli;

import dev.vmpower.host.config.ConfigException;
import dev.vmpower.host.config.ConfigFile;

/** Reads a configuration file as the daemon does. Its library is loaded for this verb alone. */
final class ConfigCheck {
  private ConfigCheck() {}

  /**
   * What there is to say of a good file.
   *
   * @throws FailureException if it is none, in one line
   */
  static String of(String file, boolean json) throws FailureException {
    try {
      int vms = ConfigFile.read(Field.path(file)).vms().size();
      return json
          ? "{\"file\":" + Json.quote(file) + ",\"good\":true,\"vms\":" + vms + "}"
          : file + ": good, " + vms + " [[vm]]";
    } catch (ConfigException bad) {
      throw new FailureException(FailureException.FAILED, String.valueOf(bad.getMessage()));
    }
  }
}
