package dev.vmpower.host.fifo;

import dev.vmpower.host.policy.PolicyException;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Reads a JSON object as DPDK's manager takes it: {@code {"policy": {…}}} or {@code {"instruction":
 * {…}}} with the pairs of its documentation. What older versions knew besides is not looked at;
 * what none knew is refused, since it is misspelt.
 *
 * <p>Errors show words of the text that can harm no terminal and no log, and else none of it.
 */
final class OrderReader {
  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private static final Set<String> IGNORED = Set.of("name", "core_list", "resource_id");
  private static final Pattern SHOWABLE = Pattern.compile("[A-Za-z0-9_.:+ -]{1,40}");

  private OrderReader() {}

  /** Reads the first {@code length} of {@code text}. */
  static FifoOrder read(byte[] text, int length) {
    try {
      return order(MAPPER.readTree(text, 0, length));
    } catch (JacksonException malformed) {
      var place = malformed.getLocation();
      return new FifoOrder.Malformed(
          place == null
              ? "no JSON"
              : "no JSON at line " + place.getLineNr() + ", column " + place.getColumnNr());
    } catch (PolicyException flawed) {
      return new FifoOrder.Malformed(String.valueOf(flawed.getMessage()));
    }
  }

  private static FifoOrder order(JsonNode object) throws PolicyException {
    boolean isPolicy = object.has("policy");
    JsonNode pairs = object.get(isPolicy ? "policy" : "instruction");
    if (object.size() != 1 || pairs == null || !pairs.isObject()) {
      throw new PolicyException(
          "give one object by the name of \"policy\" or \"instruction\", and nothing else");
    }
    for (Map.Entry<String, JsonNode> pair : pairs.properties()) {
      if (!OrderPairs.KEYS.contains(pair.getKey()) && !IGNORED.contains(pair.getKey())) {
        throw new PolicyException("there is no key" + shown(pair.getKey()));
      }
    }
    return OrderPairs.of(pairs).order(isPolicy ? "create" : "power");
  }

  /** A word of the text, to stand after others, if it can be shown. */
  static String shown(String text) {
    return SHOWABLE.matcher(text).matches() ? " '" + text + "'" : " like that one";
  }
}
