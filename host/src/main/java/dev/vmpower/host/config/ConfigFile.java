package dev.vmpower.host.config;

import dev.vmpower.host.arbiter.Envelope;
import dev.vmpower.host.arbiter.Pace;
import dev.vmpower.machine.cpu.CpuSet;
import dev.vmpower.machine.net.GuestInterface;
import dev.vmpower.machine.net.MacAddress;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.tomlj.TomlArray;
import org.tomlj.TomlParseResult;
import org.tomlj.TomlTable;

/** Reads {@code vmpower.toml}. Whatever it does not understand is an error that names the line. */
public final class ConfigFile {
  /** A file this large is no configuration. */
  static final int FILE_BYTES_MAX = 4 << 20;

  static final int VM_NAME_CHARS_MAX = 256;
  static final int VCPUS_MAX = 4096;

  private static final Pattern PORT = Pattern.compile("[1-9][0-9]{0,4}");
  private static final int PORT_MAX = 65_535;
  private static final int INTERFACES_MAX = 64;
  private static final Pattern DEVICE = Pattern.compile("[^/\\s]{1,15}");

  private final Path file;

  private ConfigFile(Path file) {
    this.file = file;
  }

  /**
   * Reads {@code file}.
   *
   * @throws ConfigException if it cannot be read or used, in one line
   */
  public static Config read(Path file) throws ConfigException {
    return new ConfigFile(file).read();
  }

  private Config read() throws ConfigException {
    TomlParseResult toml = parse();
    Section root = new Section(file.toString(), "", toml);
    root.allow("cpu", "state", "control", "libvirt", "compat", "log", "vm");
    return new Config(
        cpu(root.section("cpu")),
        state(root.section("state")),
        control(root.section("control")),
        libvirt(root.section("libvirt")),
        compat(root.section("compat")),
        vms(toml),
        log(root.section("log")));
  }

  private static Config.Log log(Section log) throws ConfigException {
    log.allow("format");
    return new Config.Log(log.choice("format", "text", "json", "journald"));
  }

  private TomlParseResult parse() throws ConfigException {
    String text;
    try {
      if (Files.size(file) > FILE_BYTES_MAX) {
        throw new ConfigException(file + ": larger than " + FILE_BYTES_MAX + " bytes");
      }
      text = Files.readString(file);
    } catch (NoSuchFileException none) {
      throw new ConfigException(file + ": no such file");
    } catch (CharacterCodingException notText) {
      throw new ConfigException(file + ": is no UTF-8 text");
    } catch (IOException unreadable) {
      throw new ConfigException(file + ": cannot be read: " + unreadable.getMessage());
    }
    return TomlText.parse(file.toString(), text);
  }

  private static Config.Cpu cpu(Section cpu) throws ConfigException {
    cpu.allow(
        "root",
        "reserved",
        "allow_unpinned",
        "max_pcpus_per_vcpu",
        "smt",
        "mode",
        "on_conflict",
        "max_changes_per_second");
    return new Config.Cpu(
        cpu.path("root", "/sys/devices/system/cpu"),
        cpu.cpus("reserved"),
        cpu.bool("allow_unpinned", false),
        cpu.integer("max_pcpus_per_vcpu", 8, 1, CpuSet.CPUS_MAX),
        cpu.choice("smt", "together", "separate").equals("together"),
        cpu.choice("mode", "control", "observe").equals("observe"),
        cpu.choice("on_conflict", "yield", "reassert").equals("reassert"),
        cpu.integer("max_changes_per_second", 0, 0, Pace.CHANGES_PER_SECOND_MAX));
  }

  private static Config.State state(Section state) throws ConfigException {
    state.allow("dir", "lib");
    return new Config.State(
        state.path("dir", "/run/vmpower"), state.path("lib", "/var/lib/vmpower"));
  }

  private static Config.Control control(Section control) throws ConfigException {
    control.allow("socket", "http");
    return new Config.Control(
        control.path("socket", "/run/vmpower/control.sock"), loopback(control, "http"));
  }

  /** An address that nobody reaches from another host; names are not looked up. */
  private static @Nullable InetSocketAddress loopback(Section section, String key)
      throws ConfigException {
    String text = section.text(key, "");
    if (text.isEmpty()) {
      return null;
    }
    int colon = text.lastIndexOf(':');
    String digits = text.substring(colon + 1);
    if (colon > 0 && PORT.matcher(digits).matches() && Integer.parseInt(digits) <= PORT_MAX) {
      String host = text.substring(0, colon);
      try {
        InetAddress address = InetAddress.ofLiteral(host.equals("localhost") ? "127.0.0.1" : host);
        if (address.isLoopbackAddress()) {
          return new InetSocketAddress(address, Integer.parseInt(digits));
        }
      } catch (IllegalArgumentException noAddress) {
        // It is told below what an address is.
      }
    }
    throw section.error(
        key,
        key + " is a loopback address and a port such as \"127.0.0.1:9464\", not '" + text + "'");
  }

  private static Config.Libvirt libvirt(Section libvirt) throws ConfigException {
    libvirt.allow("uri");
    return new Config.Libvirt(libvirt.text("uri", "qemu:///system"));
  }

  private static Config.Compat compat(Section compat) throws ConfigException {
    compat.allow("fifo", "dir");
    return new Config.Compat(compat.bool("fifo", false), compat.path("dir", "/tmp/powermonitor"));
  }

  private List<Config.VmEntry> vms(TomlParseResult toml) throws ConfigException {
    if (!toml.contains("vm")) {
      return List.of();
    }
    if (!(toml.get("vm") instanceof TomlArray array)) {
      throw new ConfigException(file + ": write [[vm]], with two brackets, for each VM");
    }
    List<Config.VmEntry> vms = new ArrayList<>();
    Set<String> names = new HashSet<>();
    for (int i = 0; i < array.size(); i++) {
      if (!(array.get(i) instanceof TomlTable table)) {
        throw new ConfigException(file + ": write [[vm]], with two brackets, for each VM");
      }
      Section section = new Section(file.toString(), "vm", table);
      Config.VmEntry vm = vm(section);
      if (!names.add(vm.name())) {
        throw section.error("name", "two [[vm]] are named '" + vm.name() + "'");
      }
      vms.add(vm);
    }
    return vms;
  }

  private static Config.VmEntry vm(Section vm) throws ConfigException {
    vm.allow(
        "name",
        "channels",
        "vcpus",
        "peer_uid",
        "query",
        "min_khz",
        "max_khz",
        "turbo",
        "enforce",
        "interfaces");
    String name = vm.text("name", "");
    if (name.isEmpty() || name.length() > VM_NAME_CHARS_MAX) {
      throw vm.error("name", "a [[vm]] needs a name");
    }
    if (name.indexOf('/') >= 0 || name.chars().anyMatch(Character::isISOControl)) {
      throw vm.error("name", "a name has no '/' and no control characters");
    }
    List<CpuSet> vcpus = vm.cpuSets("vcpus", VCPUS_MAX);
    boolean hasChannels = vm.has("channels");
    if (hasChannels && vcpus.isEmpty()) {
      throw vm.error("channels", "a VM with channels needs vcpus = [\"0\", …], its pinning");
    }
    int minKhz = vm.integer("min_khz", 0, 0, Integer.MAX_VALUE);
    int maxKhz = vm.integer("max_khz", Integer.MAX_VALUE, 1, Integer.MAX_VALUE);
    if (minKhz > maxKhz) {
      throw vm.error("min_khz", "min_khz " + minKhz + " is above max_khz " + maxKhz);
    }
    return new Config.VmEntry(
        name,
        hasChannels ? vm.path("channels", "") : null,
        vcpus,
        vm.has("peer_uid") ? vm.integer("peer_uid", 0, 0, Integer.MAX_VALUE) : null,
        vm.bool("query", false),
        new Envelope(minKhz, maxKhz, vm.bool("turbo", true), vm.bool("enforce", false)),
        interfaces(vm, hasChannels));
  }

  /** Each is {@code "MAC DEVICE"} for a tap device, or {@code "MAC"} for a virtual function. */
  private static List<GuestInterface> interfaces(Section vm, boolean hasChannels)
      throws ConfigException {
    if (vm.has("interfaces") && !hasChannels) {
      throw vm.error("interfaces", "libvirt knows the interfaces of a VM without channels");
    }
    List<GuestInterface> interfaces = new ArrayList<>();
    for (String text : vm.texts("interfaces", INTERFACES_MAX)) {
      String[] words = text.split(" ", -1);
      if (words.length > 2 || (words.length == 2 && !DEVICE.matcher(words[1]).matches())) {
        throw vm.error("interfaces", "'" + text + "' is no MAC and device: 52:54:00:12:34:56 tap0");
      }
      try {
        long mac = MacAddress.parse(words[0]);
        interfaces.add(
            words.length == 2
                ? new GuestInterface(mac, GuestInterface.Kind.TAP, words[1])
                : new GuestInterface(mac, GuestInterface.Kind.VF, null));
      } catch (IllegalArgumentException notAMac) {
        throw vm.error("interfaces", String.valueOf(notAMac.getMessage()));
      }
    }
    return interfaces;
  }
}
