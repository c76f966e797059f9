package dev.vmpower.host.control;

import java.nio.charset.StandardCharsets;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.json.JsonMapper;

/**
 * JSON as the control socket speaks it: snake_case names in the order of the records, nulls
 * written.
 */
final class Json {
  // Loads with the first request, not with the daemon.
  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .disable(MapperFeature.SORT_PROPERTIES_ALPHABETICALLY)
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .build();

  private Json() {}

  /** The text of {@code value}, with a newline for those who read it in a terminal. */
  static byte[] write(Object value) {
    return (MAPPER.writeValueAsString(value) + "\n").getBytes(StandardCharsets.UTF_8);
  }

  /**
   * Reads one JSON object; an empty text is the empty object.
   *
   * @throws RequestException if it is none
   */
  static JsonNode readObject(byte[] text) throws RequestException {
    if (text.length == 0) {
      return MAPPER.createObjectNode();
    }
    try {
      JsonNode object = MAPPER.readTree(text);
      if (!object.isObject()) {
        throw new RequestException(
            RequestException.BAD_REQUEST, "the body is JSON but no object: send {\"name\":value}");
      }
      return object;
    } catch (JacksonException malformed) {
      throw new RequestException(RequestException.BAD_REQUEST, "the body is " + what(malformed));
    }
  }

  /** Where it goes wrong, and not what stands there. */
  private static String what(JacksonException malformed) {
    var place = malformed.getLocation();
    String where =
        place == null ? "" : ", at line " + place.getLineNr() + ", column " + place.getColumnNr();
    String message = String.valueOf(malformed.getOriginalMessage());
    if (message.startsWith("Duplicate")) {
      return "JSON in which a field stands twice" + where;
    }
    return malformed instanceof StreamConstraintsException
        ? "JSON that nests too deeply, or has a number or name that is too long" + where
        : "no JSON" + where;
  }
}
