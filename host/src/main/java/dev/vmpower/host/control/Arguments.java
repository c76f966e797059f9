package dev.vmpower.host.control;

import dev.vmpower.host.control.Routes.Found;
import dev.vmpower.host.control.Routes.Route;
import dev.vmpower.host.view.EnergyView;
import dev.vmpower.host.view.PlainLine;
import dev.vmpower.machine.cpu.CpuSet;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The fields of one request's body and the parameters of its path, checked as they are read. A
 * field that is optional is asked for with {@link #has} first.
 */
final class Arguments {
  /** The most pCPUs that one request may name. */
  static final int CPUS_MAX = 4096;

  /** The highest vCPU number that can be asked for; QEMU has fewer. */
  static final int VCPU_MAX = 8191;

  /** Above any clock, and below where kHz would no longer fit an int. */
  static final int KHZ_MAX = 999_999_999;

  /** The longest name or path. */
  static final int TEXT_CHARS_MAX = 4096;

  /** A year. */
  static final int SECONDS_MAX = 366 * 86_400;

  private static final Pattern SPAN = Pattern.compile("([1-9]\\d{0,2})([hd])");
  private static final int HOURS_PER_DAY = 24;

  private static final int SHOWN_CHARS = 200;

  private static final List<String> LEVELS = List.of("max", "min", "up", "down");

  private final ObjectNode object;

  /**
   * Takes the body of a request for {@code found}, and the parameters of its path.
   *
   * @throws RequestException if a needed field is missing, or there are others than those it takes
   */
  Arguments(JsonNode body, Found found) throws RequestException {
    Route route = found.route();
    for (String name : body.propertyNames()) {
      if (!route.needed().contains(name) && !route.optional().contains(name)) {
        throw bad("unknown field " + quoted(name) + ": " + expected(route));
      }
    }
    for (String name : route.needed()) {
      if (!body.has(name)) {
        throw bad("the field \"" + name + "\" is missing: " + expected(route));
      }
    }
    ObjectNode all = body.asObject();
    found.parameters().forEach(all::put);
    this.object = all;
  }

  /** Whether the optional field {@code name} was sent, be it as null. */
  boolean has(String name) {
    return object.has(name);
  }

  /** Whether {@code name} was sent as null. */
  boolean isNull(String name) {
    return object.has(name) && object.get(name).isNull();
  }

  /** A text of one line that is not empty, such as a name or a path. */
  String text(String name) throws RequestException {
    String text = text(name, object.get(name));
    if (text.length() > TEXT_CHARS_MAX) {
      throw bad("\"" + name + "\" has " + text.length() + " characters: at most " + TEXT_CHARS_MAX);
    }
    return text;
  }

  private static String text(String name, JsonNode value) throws RequestException {
    String text = value.isString() ? value.stringValue() : "";
    if (text.isEmpty()) {
      throw bad("\"" + name + "\" is " + shown(value) + ": give a text");
    }
    if (text.chars().anyMatch(Character::isISOControl)) {
      throw bad("\"" + name + "\" is " + shown(value) + ": give one line of plain text");
    }
    return text;
  }

  /** A text of any number of lines, such as the contents of a file. */
  String document(String name) throws RequestException {
    JsonNode value = object.get(name);
    if (!value.isString()) {
      throw bad("\"" + name + "\" is " + shown(value) + ": give a text");
    }
    return value.stringValue();
  }

  /** An array of sets of pCPUs, each as for {@link #cpus}; at most {@code countMax}. */
  List<CpuSet> cpuLists(String name, int countMax) throws RequestException {
    JsonNode array = object.get(name);
    if (!array.isArray()) {
      throw bad(
          "\"" + name + "\" is " + shown(array) + ": give an array of texts such as [\"2-3\"]");
    }
    if (array.size() > countMax) {
      throw bad("\"" + name + "\" has " + array.size() + " entries: at most " + countMax);
    }
    List<CpuSet> lists = new ArrayList<>();
    for (JsonNode entry : array) {
      lists.add(cpus(name, entry));
    }
    return lists;
  }

  /** True or false. */
  boolean flag(String name) throws RequestException {
    JsonNode value = object.get(name);
    if (!value.isBoolean()) {
      throw bad("\"" + name + "\" is " + shown(value) + ": give true or false");
    }
    return value.booleanValue();
  }

  /** A whole number of the range {@code min..max}. */
  int integer(String name, int min, int max) throws RequestException {
    JsonNode value = object.get(name);
    if (!value.isIntegralNumber()
        || !value.canConvertToInt()
        || value.intValue() < min
        || value.intValue() > max) {
      throw bad("\"" + name + "\" is " + shown(value) + ": give a number " + min + ".." + max);
    }
    return value.intValue();
  }

  /** A vCPU's number. */
  int vcpu(String name) throws RequestException {
    return integer(name, 0, VCPU_MAX);
  }

  /** A frequency of an envelope, in kHz; 0, also for null, is the hardware's. */
  int khz(String name) throws RequestException {
    return isNull(name) ? 0 : integer(name, 0, KHZ_MAX);
  }

  /** A span of time in whole seconds. */
  int seconds(String name) throws RequestException {
    return integer(name, 1, SECONDS_MAX);
  }

  /** A number of whole hours, as text such as {@code 24h} or {@code 7d}. */
  int hours(String name) throws RequestException {
    Matcher span = SPAN.matcher(text(name));
    int hours = 0;
    if (span.matches()) {
      hours = Integer.parseInt(span.group(1)) * (span.group(2).equals("d") ? HOURS_PER_DAY : 1);
    }
    if (hours < 1 || hours > EnergyView.HOURS_MAX) {
      throw bad(
          "\""
              + name
              + "\" is "
              + shown(object.get(name))
              + ": give a time such as 24h or 7d, at most "
              + EnergyView.HOURS_MAX
              + "h");
    }
    return hours;
  }

  /** A list such as {@code 0-3,8} or a mask such as {@code 0xff}, not empty. */
  CpuSet cpus(String name) throws RequestException {
    return cpus(name, object.get(name));
  }

  /** The number of one pCPU, as text. */
  int cpu(String name) throws RequestException {
    CpuSet cpus = cpus(name);
    if (cpus.size() != 1) {
      throw bad("\"" + name + "\" is " + shown(object.get(name)) + ": give one pCPU such as 4");
    }
    return cpus.get(0);
  }

  private static CpuSet cpus(String name, JsonNode value) throws RequestException {
    String text = text(name, value);
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
    if (text(name).equals("all")) {
      return null;
    }
    try {
      return cpus(name);
    } catch (RequestException notNumbers) {
      throw bad(
          "\"" + name + "\" is " + shown(object.get(name)) + ": give numbers such as 0-1, or all");
    }
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

  /** The body as one line for the log, and not too long a one. */
  @Override
  public String toString() {
    return shown(object);
  }

  /** What is not a list of CPUs may be long; its message repeats it. */
  private static String oneLine(@Nullable String message) {
    return PlainLine.of(String.valueOf(message), SHOWN_CHARS);
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

  private static String expected(Route route) {
    List<String> sorts = new ArrayList<>();
    if (!route.needed().isEmpty()) {
      sorts.add(String.join(", ", route.needed()));
    }
    if (!route.optional().isEmpty()) {
      sorts.add("if need be " + String.join(", ", route.optional()));
    }
    return sorts.isEmpty() ? "this request takes none" : "send " + String.join("; ", sorts);
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
