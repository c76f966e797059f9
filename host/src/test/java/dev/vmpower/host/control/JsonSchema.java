package dev.vmpower.host.control;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/** As much of JSON Schema as docs/openapi.json uses. */
final class JsonSchema {
  private final JsonNode api;

  /** Schemas of {@code api}, which references in them point into. */
  JsonSchema(JsonNode api) {
    this.api = api;
  }

  /** What is wrong with {@code value}; nothing if it is as {@code schema} says. */
  List<String> flaws(JsonNode value, JsonNode schema) {
    List<String> flaws = new ArrayList<>();
    check(value, schema, "$", flaws);
    return flaws;
  }

  private void check(JsonNode value, JsonNode schema, String where, List<String> flaws) {
    if (schema.has("$ref")) {
      check(value, api.at(schema.get("$ref").stringValue().substring(1)), where, flaws);
      return;
    }
    if (schema.has("oneOf")) {
      long fitting = 0;
      for (JsonNode one : schema.get("oneOf")) {
        fitting += flaws(value, one).isEmpty() ? 1 : 0;
      }
      expect(fitting == 1, where + " fits " + fitting + " of oneOf: " + value, flaws);
      return;
    }
    expect(hasType(value, schema), where + " is no " + schema.get("type") + ": " + value, flaws);
    if (schema.has("enum")) {
      boolean known = false;
      for (JsonNode one : schema.get("enum")) {
        known |= one.equals(value);
      }
      expect(known, where + " is none of the enum: " + value, flaws);
    }
    if (schema.has("pattern") && value.isString()) {
      boolean found =
          Pattern.compile(schema.get("pattern").stringValue()).matcher(value.stringValue()).find();
      expect(found, where + " is not of the pattern: " + value, flaws);
    }
    if (value.isArray() && schema.has("items")) {
      for (int i = 0; i < value.size(); i++) {
        check(value.get(i), schema.get("items"), where + "[" + i + "]", flaws);
      }
    }
    if (value.isObject()) {
      checkFields(value, schema, where, flaws);
    }
  }

  private void checkFields(JsonNode value, JsonNode schema, String where, List<String> flaws) {
    JsonNode properties = schema.path("properties");
    JsonNode additional = schema.path("additionalProperties");
    for (JsonNode needed : schema.path("required")) {
      String name = needed.stringValue();
      expect(value.has(name), where + " lacks " + name, flaws);
    }
    for (var field : value.properties()) {
      String there = where + "." + field.getKey();
      if (properties.has(field.getKey())) {
        check(field.getValue(), properties.get(field.getKey()), there, flaws);
      } else if (additional.isObject()) {
        check(field.getValue(), additional, there, flaws);
      } else {
        flaws.add(there + " is unknown");
      }
    }
  }

  private static boolean hasType(JsonNode value, JsonNode schema) {
    return !schema.has("type") || types(schema).stream().anyMatch(type -> is(value, type));
  }

  /** The types that {@code schema} allows. */
  static List<String> types(JsonNode schema) {
    JsonNode type = schema.path("type");
    if (type.isString()) {
      return List.of(type.stringValue());
    }
    List<String> types = new ArrayList<>();
    type.forEach(each -> types.add(each.stringValue()));
    return types;
  }

  private static boolean is(JsonNode value, String type) {
    return switch (type) {
      case "string" -> value.isString();
      case "integer" -> value.isIntegralNumber();
      case "number" -> value.isNumber();
      case "boolean" -> value.isBoolean();
      case "array" -> value.isArray();
      case "object" -> value.isObject();
      case "null" -> value.isNull();
      default -> throw new IllegalArgumentException(type);
    };
  }

  private static void expect(boolean so, String otherwise, List<String> flaws) {
    if (!so) {
      flaws.add(otherwise);
    }
  }
}
