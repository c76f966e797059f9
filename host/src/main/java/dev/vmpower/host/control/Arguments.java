package dev.vmpower.host.control;

import dev.vmpower.machine.cpu.CpuSet;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** The fields of one request's body, checked as they are read. */
final class Arguments {
  /** The most pCPUs that one request may name. */
  static final int CPUS_MAX = 4096;

  /** The highest vCPU number that can be asked for; QEMU has fewer. */
  static final int VCPU_MAX = 8191;

  /** Above any clock, and below where kHz would no longer fit an int. */
  static final int KHZ_MAX = 999_999_999;

  private static final int SHOWN_CHARS = 200;

  private static final List<String> LEVELS = List.of("max", "min", "up", "down");

  private final JsonNode object;

  /**
   * Takes a body that must have exactly the fields {@code names}.
   *
   * @throws RequestException if one is missing, or there are others
   */
  Arguments(JsonNode object, List<String> names) throws RequestException {
    this.object = object;
    for (String name : object.propertyNames()) {
      if (!names.contains(name)) {
        throw bad("unknown field " + quoted(name) + ": " + expected(names));
      }
    }
    for (String name : names) {
      if (!object.has(name)) {
        throw bad("the field \"" + name + "\" is missing: " + expected(names));
      }
    }
  }

  /** A text that is not empty. */
  String text(String name) throws RequestException {
    JsonNode value = object.get(name);
    if (!value.isString() || value.stringValue().isEmpty()) {
      throw bad("\"" + name + "\" is " + shown(value) + ": give a text");
    }
    return value.stringValue();
  }

  /** A list such as {@code 0-3,8} or a mask such as {@code 0xff}, not empty. */
  CpuSet cpus(String name) throws RequestException {
    String text = text(name);
    CpuSet cpus;
    try {
      boolean mask = text.startsWith("0x") || text.startsWith("0X");
      cpus = mask ? CpuSet.parseMask(text) : CpuSet.parse(text);
    } catch (IllegalArgumentException notCpus) {
      throw bad("\"" + name + "\": " + oneLine(notCpus.getMessage()));
    }
    if (cpus.isEmpty()) {
      throw bad("\"" + name + "\" names no CPU: give a list such as 0-3,8 or a mask such as 0xff");
    }
    if (cpus.size() > CPUS_MAX) {
      throw bad("\"" + name + "\" has " + cpus.size() + " CPUs: ask for at most " + CPUS_MAX);
    }
    return cpus;
  }

  /** Channel numbers such as {@code 0-1}; null for {@code all}. */
  @Nullable CpuSet channels(String name) throws RequestException {
    return text(name).equals("all") ? null : cpus(name);
  }

  /** {@code max}, {@code min}, {@code up}, {@code down}, or kHz in decimal. */
  String level(String name) throws RequestException {
    JsonNode value = object.get(name);
    if (value.isString() && LEVELS.contains(value.stringValue())) {
      return value.stringValue();
    }
    int khz = value.isString() ? decimal(value.stringValue()) : integer(value);
    if (khz < 1 || khz > KHZ_MAX) {
      throw bad(
          "\"" + name + "\" is " + shown(value) + ": give max, min, up, down or a number of kHz");
    }
    return Integer.toString(khz);
  }

  /** A vCPU's number. */
  int vcpu(String name) throws RequestException {
    int number = integer(object.get(name));
    if (number < 0 || number > VCPU_MAX) {
      throw bad(
          "\"" + name + "\" is " + shown(object.get(name)) + ": give a number 0.." + VCPU_MAX);
    }
    return number;
  }

  /** The body as one line for the log, and not too long a one. */
  @Override
  public String toString() {
    return shown(object);
  }

  /** What is not a list of CPUs may be long; its message repeats it. */
  private static String oneLine(@Nullable String message) {
    String line = String.valueOf(message).replaceAll("\\p{Cntrl}", "?");
    return line.length() <= SHOWN_CHARS ? line : line.substring(0, SHOWN_CHARS) + "…";
  }

  private static int integer(JsonNode value) {
    return value.isIntegralNumber() && value.canConvertToInt() ? value.intValue() : -1;
  }

  private static int decimal(String digits) {
    try {
      return digits.startsWith("+") ? -1 : Integer.parseInt(digits);
    } catch (NumberFormatException notDecimal) {
      return -1;
    }
  }

  private static String expected(List<String> names) {
    return names.isEmpty() ? "this request takes none" : "send " + String.join(", ", names);
  }

  // As JSON, which leaves no control character as it was.
  private static String shown(JsonNode value) {
    return oneLine(value.toString());
  }

  private static String quoted(String name) {
    return oneLine("\"" + name + "\"");
  }

  private static RequestException bad(String line) {
    return new RequestException(RequestException.BAD_REQUEST, line);
  }
}
