package dev.vmpower.cli;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeMap;

/**
 * The VM in which this program runs, as its kernel shows it.
 *
 * @param root {@code /}, or a directory that looks like it
 */
record ThisVm(Path root) {
  static final int VCPU_MAX = 8191;

  private static final String ONLINE = "sys/devices/system/cpu/online";
  private static final String NETWORK = "sys/class/net";
  private static final String STATISTICS = "proc/stat";

  /** The numbers of the vCPUs that are online. */
  SortedSet<Integer> vcpus() throws FailureException {
    return NumberList.parse(read(ONLINE).strip(), VCPU_MAX, "vCPUs in /" + ONLINE);
  }

  /** How the vCPUs have spent their time. */
  String statistics() throws FailureException {
    return read(STATISTICS);
  }

  /**
   * The MAC addresses of the network interfaces with a device behind them, by name, in the order of
   * the devices: as DPDK numbers its ports.
   */
  Map<String, String> macs() throws FailureException {
    Map<String, String> byDevice = new TreeMap<>();
    try (DirectoryStream<Path> interfaces = Files.newDirectoryStream(root.resolve(NETWORK))) {
      for (Path each : interfaces) {
        Path device = each.resolve("device");
        if (Files.exists(device)) {
          String name = each.getFileName().toString();
          byDevice.put(device.toRealPath() + " " + name, name);
        }
      }
      Map<String, String> macs = new LinkedHashMap<>();
      for (String name : byDevice.values()) {
        macs.put(name, read(NETWORK + "/" + name + "/address").strip());
      }
      return macs;
    } catch (IOException failed) {
      throw unreadable(NETWORK, failed);
    }
  }

  private String read(String file) throws FailureException {
    try {
      return Files.readString(root.resolve(file));
    } catch (IOException failed) {
      throw unreadable(file, failed);
    }
  }

  private static FailureException unreadable(String file, IOException failed) {
    return new FailureException(
        FailureException.FAILED, "/" + file + " cannot be read: " + failed.getMessage());
  }
}
