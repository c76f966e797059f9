package dev.vmpower.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/** JSON as maps, lists, strings, numbers and booleans; binding it to types costs too long. */
final class Json {
  private Json() {}

  /**
   * Reads one value.
   *
   * @throws FailureException if it is no JSON
   */
  static @Nullable Object read(byte[] text) throws FailureException {
    try (JsonParser parser = new JsonFactory().createParser(ObjectReadContext.empty(), text)) {
      return value(parser, parser.nextToken());
    } catch (JacksonException notJson) {
      throw new FailureException(
          FailureException.FAILED, "the answer is no JSON: " + notJson.getOriginalMessage());
    }
  }

  private static @Nullable Object value(JsonParser parser, @Nullable JsonToken token)
      throws FailureException {
    if (token == null) {
      throw new FailureException(FailureException.FAILED, "the answer is no JSON: it is empty");
    }
    switch (token) {
      case START_OBJECT -> {
        Map<String, @Nullable Object> object = new LinkedHashMap<>();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
          String name = parser.currentName();
          object.put(name, value(parser, parser.nextToken()));
        }
        return object;
      }
      case START_ARRAY -> {
        List<@Nullable Object> array = new ArrayList<>();
        JsonToken next = parser.nextToken();
        while (next != JsonToken.END_ARRAY) {
          array.add(value(parser, next));
          next = parser.nextToken();
        }
        return array;
      }
      case VALUE_NUMBER_INT -> {
        return parser.getLongValue();
      }
      case VALUE_NUMBER_FLOAT -> {
        return parser.getDoubleValue();
      }
      case VALUE_TRUE -> {
        return true;
      }
      case VALUE_FALSE -> {
        return false;
      }
      case VALUE_NULL -> {
        return null;
      }
      default -> {
        return parser.getString();
      }
    }
  }

  /** Writes what {@link #read} has read. */
  static String write(@Nullable Object value) {
    StringBuilder text = new StringBuilder();
    write(value, text);
    return text.toString();
  }

  private static void write(@Nullable Object value, StringBuilder text) {
    String separator = "";
    if (value instanceof Map<?, ?> object) {
      text.append('{');
      for (Map.Entry<?, ?> field : object.entrySet()) {
        text.append(separator).append(quote(String.valueOf(field.getKey()))).append(':');
        write(field.getValue(), text);
        separator = ",";
      }
      text.append('}');
    } else if (value instanceof List<?> array) {
      text.append('[');
      for (Object item : array) {
        text.append(separator);
        write(item, text);
        separator = ",";
      }
      text.append(']');
    } else {
      text.append(value instanceof String string ? quote(string) : value);
    }
  }

  /** Writes a text in quotation marks. */
  static String quote(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        quoted.append('\\').append(c);
      } else if (c < ' ') {
        quoted.append("\\u00").append(c < 16 ? "0" : "").append(Integer.toHexString(c));
      } else {
        quoted.append(c);
      }
    }
    return quoted.append('"').toString();
  }
}
