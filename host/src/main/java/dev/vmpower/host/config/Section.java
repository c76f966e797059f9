package dev.vmpower.host.config;

import dev.vmpower.machine.cpu.CpuSet;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.tomlj.Toml;
import org.tomlj.TomlArray;
import org.tomlj.TomlPosition;
import org.tomlj.TomlTable;

/** One section of the file, with an error that names file and line for every wrong value. */
final class Section {
  private final String file;
  private final String name;
  private final TomlTable table;

  Section(String file, String name, TomlTable table) {
    this.file = file;
    this.name = name;
    this.table = table;
  }

  Section section(String key) throws ConfigException {
    Object value = table.get(List.of(key));
    if (value == null) {
      return new Section(file, key, Toml.parse(""));
    }
    if (!(value instanceof TomlTable inner)) {
      throw error(key, "write [" + key + "], a section");
    }
    return new Section(file, key, inner);
  }

  void allow(String... keys) throws ConfigException {
    Set<String> allowed = Set.of(keys);
    for (String key : table.keySet()) {
      if (!allowed.contains(key)) {
        throw error(
            key, "unknown key '" + key + "'; known are " + String.join(", ", Arrays.asList(keys)));
      }
    }
  }

  boolean has(String key) {
    return table.contains(List.of(key));
  }

  String text(String key, String byDefault) throws ConfigException {
    Object value = value(key);
    if (value == null) {
      return byDefault;
    }
    if (!(value instanceof String text)) {
      throw error(key, key + " is a text in quotes");
    }
    return text;
  }

  Path path(String key, String byDefault) throws ConfigException {
    String text = text(key, byDefault);
    if (text.indexOf('\0') >= 0 || !text.startsWith("/")) {
      throw error(key, key + " is an absolute path, not '" + text.replace('\0', '?') + "'");
    }
    return Path.of(text);
  }

  /** One of these texts; the first where there is none. */
  String choice(String key, String... choices) throws ConfigException {
    String text = text(key, choices[0]);
    if (!List.of(choices).contains(text)) {
      String all = "\"" + String.join("\" or \"", choices) + "\"";
      throw error(key, key + " is " + all + ", not '" + text + "'");
    }
    return text;
  }

  boolean bool(String key, boolean byDefault) throws ConfigException {
    Object value = value(key);
    if (value == null) {
      return byDefault;
    }
    if (!(value instanceof Boolean truth)) {
      throw error(key, key + " is true or false");
    }
    return truth;
  }

  int integer(String key, int byDefault, int min, int max) throws ConfigException {
    Object value = value(key);
    if (value == null) {
      return byDefault;
    }
    if (!(value instanceof Long number) || number < min || number > max) {
      throw error(key, key + " is a number from " + min + " to " + max);
    }
    return number.intValue();
  }

  double real(String key, double byDefault, double min, double max) throws ConfigException {
    Object value = value(key);
    if (value == null) {
      return byDefault;
    }
    double number = value instanceof Number given ? given.doubleValue() : Double.NaN;
    if (!(number >= min && number <= max)) {
      throw error(key, key + " is a number from " + min + " to " + max);
    }
    return number;
  }

  CpuSet cpus(String key) throws ConfigException {
    return parseCpus(key, text(key, ""));
  }

  /** Numbers up to {@code max}, as a text such as {@code "8-17"} or as a list of them. */
  CpuSet numbers(String key, int max) throws ConfigException {
    CpuSet numbers;
    if (value(key) instanceof TomlArray array) {
      int[] each = new int[array.size()];
      for (int i = 0; i < each.length; i++) {
        if (!(array.get(i) instanceof Long number) || number < 0 || number > max) {
          throw error(key, "entry " + i + " of " + key + " is no number from 0 to " + max);
        }
        each[i] = number.intValue();
      }
      numbers = CpuSet.of(each);
    } else {
      numbers = parseCpus(key, text(key, ""));
    }
    if (!numbers.isEmpty() && numbers.get(numbers.size() - 1) > max) {
      throw error(key, key + " has numbers from 0 to " + max);
    }
    return numbers;
  }

  List<String> texts(String key, int max) throws ConfigException {
    Object value = value(key);
    if (value == null) {
      return List.of();
    }
    if (!(value instanceof TomlArray array) || array.size() > max) {
      throw error(key, key + " is a list of at most " + max + " texts in quotes");
    }
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < array.size(); i++) {
      if (!(array.get(i) instanceof String text)) {
        throw error(key, "entry " + i + " of " + key + " is no text in quotes");
      }
      texts.add(text);
    }
    return texts;
  }

  List<CpuSet> cpuSets(String key, int max) throws ConfigException {
    Object value = value(key);
    if (value == null) {
      return List.of();
    }
    if (!(value instanceof TomlArray array) || array.size() > max) {
      throw error(key, key + " is a list of at most " + max + " texts such as [\"0\", \"2-3\"]");
    }
    List<CpuSet> sets = new ArrayList<>();
    for (int i = 0; i < array.size(); i++) {
      if (!(array.get(i) instanceof String text) || text.isBlank()) {
        throw error(key, "entry " + i + " of " + key + " is no text such as \"2-3\"");
      }
      sets.add(parseCpus(key, text));
    }
    return sets;
  }

  private CpuSet parseCpus(String key, String text) throws ConfigException {
    try {
      return CpuSet.parse(text);
    } catch (IllegalArgumentException notAList) {
      throw error(key, key + ": " + notAList.getMessage());
    }
  }

  private @Nullable Object value(String key) {
    return table.get(List.of(key));
  }

  ConfigException error(String key, String what) {
    TomlPosition position = table.inputPositionOf(List.of(key));
    String line = position == null ? "" : ":" + position.line();
    String section = name.isEmpty() ? "" : " [" + name + "]";
    return new ConfigException(file + line + ":" + section + " " + what);
  }
}
