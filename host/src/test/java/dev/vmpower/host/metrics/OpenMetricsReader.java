package dev.vmpower.host.metrics;

import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads OpenMetrics 1.0 text by its ABNF, and refuses all else: promtool does not know the format.
 * Of the types those that this project uses; no exemplars, time stamps or {@code _created}.
 *
 * <p>Refused is also what the ABNF cannot say: families that are begun twice or mixed, samples that
 * stand twice, suffixes that their type does not have, names without their unit, counters below 0,
 * buckets that fall, lack {@code +Inf} or differ from the count, bounds that are not canonical.
 */
final class OpenMetricsReader {
  private static final String NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";
  private static final String ESCAPED = "(?:[^\\n\"\\\\]|\\\\[\\\\\"n])*";
  private static final String LABEL = "[a-zA-Z_][a-zA-Z0-9_]*=\"" + ESCAPED + "\"";
  private static final String REAL =
      "[+-]?(?:\\d+(?:\\.\\d*)?|\\.\\d+)(?:[eE][+-]?\\d+)?|[+-]?(?i:inf(?:inity)?)|(?i:nan)";
  private static final Pattern META =
      Pattern.compile("# (TYPE|UNIT|HELP) (" + NAME + ") (" + ESCAPED + ")");
  private static final Pattern SAMPLE =
      Pattern.compile(
          "(" + NAME + ")(?:\\{((?:" + LABEL + "(?:," + LABEL + ")*)?)\\})? (" + REAL + ")");
  private static final Pattern CANONICAL =
      Pattern.compile("\\+Inf|\\d+\\.\\d+|\\d+(?:\\.\\d+)?e[+-]\\d\\d+");
  private static final Map<String, Set<String>> SUFFIXES =
      Map.of(
          "counter", Set.of("_total"),
          "gauge", Set.of(""),
          "info", Set.of("_info"),
          "histogram", Set.of("_bucket", "_sum", "_count"));

  private final Map<String, Double> samples = new LinkedHashMap<>();
  private final Set<String> families = new HashSet<>();
  private final Map<String, String> meta = new HashMap<>();
  private @Nullable String family;
  private double lastBucket;
  private boolean sampled;

  private OpenMetricsReader() {}

  /** All samples, by name and labels as they stand there; throws where it is no such text. */
  static Map<String, Double> read(String text) {
    OpenMetricsReader reader = new OpenMetricsReader();
    if (!text.endsWith("# EOF\n")) {
      throw new IllegalArgumentException("it does not end with # EOF");
    }
    text.substring(0, text.length() - "# EOF\n".length()).lines().forEach(reader::line);
    reader.endFamily();
    return reader.samples;
  }

  private void line(String line) {
    Matcher is = META.matcher(line);
    if (is.matches()) {
      meta(is.group(1), is.group(2), is.group(3));
      return;
    }
    Matcher sample = SAMPLE.matcher(line);
    require(sample.matches(), line);
    String labels = sample.group(2);
    sample(sample.group(1), labels == null ? "" : labels, Double.parseDouble(sample.group(3)));
  }

  private void meta(String what, String name, String text) {
    if (!name.equals(family) || sampled) {
      endFamily();
      require(families.add(name), "family twice or mixed: " + name);
      family = name;
    }
    require(meta.put(what, text) == null, what + " twice: " + name);
    require(!what.equals("TYPE") || SUFFIXES.containsKey(text), "type " + text);
    require(!what.equals("UNIT") || name.endsWith("_" + text), name + " lacks its unit " + text);
  }

  private void sample(String name, String labels, double value) {
    String of = family;
    require(of != null && name.startsWith(of), "sample of no family: " + name);
    String type = meta.getOrDefault("TYPE", "unknown");
    String suffix = name.substring(String.valueOf(of).length());
    require(SUFFIXES.getOrDefault(type, Set.of("")).contains(suffix), name + " of a " + type);
    require(!type.equals("counter") || value >= 0, "counter below 0: " + name);
    require(!type.equals("info") || value == 1, "info that is not 1: " + name);
    require(samples.put(name + "{" + labels + "}", value) == null, name + " twice: " + labels);
    Set<String> names = new HashSet<>();
    Matcher label = Pattern.compile(LABEL).matcher(labels);
    while (label.find()) {
      require(names.add(label.group().split("=", 2)[0]), "label twice: " + labels);
    }
    if (suffix.equals("_bucket")) {
      Matcher bound = Pattern.compile("le=\"([^\"]*)\"").matcher(labels);
      require(bound.find(), "bucket without a bound: " + labels);
      require(CANONICAL.matcher(bound.group(1)).matches(), "bound is not canonical: " + labels);
      require(value >= lastBucket, "buckets fall: " + labels);
      lastBucket = value;
    }
    sampled = true;
  }

  private void endFamily() {
    if (family != null && "histogram".equals(meta.get("TYPE")) && sampled) {
      Double all = samples.get(family + "_bucket{le=\"+Inf\"}");
      Double count = samples.get(family + "_count{}");
      require(all != null && all.equals(count), "the last bucket is not the count: " + family);
    }
    meta.clear();
    lastBucket = 0;
    sampled = false;
  }

  private static void require(boolean holds, String what) {
    if (!holds) {
      throw new IllegalArgumentException(what);
    }
  }
}
