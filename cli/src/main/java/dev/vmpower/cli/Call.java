package dev.vmpower.cli;

import dev.vmpower.cli.Grammar.Parsed;
import dev.vmpower.cli.Grammar.Phrase;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One verb, and how its words become a request of the control API.
 *
 * @param path with parameters by their labels, {@code /v1/vms/{VM}}; one that was left out takes
 *     its slash along and is the last; empty for what is done without the daemon
 * @param fields of the body; null for a GET
 * @param screen how the answer is shown
 */
record Call(Phrase phrase, String path, @Nullable List<Field> fields, Screen screen) {
  private static final String HEX = "0123456789ABCDEF";

  /** Whether this program does it alone. */
  boolean isLocal() {
    return path.isEmpty();
  }

  /**
   * Whether the answer is of all VMs, and {@code VM} was given: the daemon has no path for that.
   */
  boolean narrows(Parsed parsed) {
    return fields == null
        && path.indexOf('{') < 0
        && phrase.indexOf("VM") == 0
        && !parsed.parameters().isEmpty();
  }

  /**
   * The path, its parameters filled in.
   *
   * @throws FailureException if a word cannot be a step of a path
   */
  String target(Parsed parsed) throws FailureException {
    int open = path.indexOf('{');
    if (open < 0) {
      return path;
    }
    int close = path.indexOf('}');
    String label = path.substring(open + 1, close);
    String word = label.startsWith("-") ? parsed.option(label) : word(parsed, label);
    if (word == null) {
      return path.substring(0, open - 1);
    }
    if (word.isEmpty() || word.indexOf('/') >= 0) {
      throw new FailureException(FailureException.USAGE, label + " cannot be '" + word + "'");
    }
    return path(path.substring(0, open), word) + path.substring(close + 1);
  }

  private @Nullable String word(Parsed parsed, String label) {
    int index = phrase.indexOf(label);
    return index < parsed.parameters().size() ? parsed.parameter(index) : null;
  }

  /**
   * The body as JSON; null for a GET.
   *
   * @throws FailureException if a word is not what it must be
   */
  @Nullable String body(Parsed parsed) throws FailureException {
    if (fields == null) {
      return null;
    }
    StringBuilder body = new StringBuilder("{");
    for (Field field : fields) {
      String value = field.json(phrase, parsed);
      if (value != null) {
        body.append(body.length() == 1 ? "" : ",").append(Json.quote(field.name()));
        body.append(':').append(value);
      }
    }
    return body.append('}').toString();
  }

  /** A path and a last step that may be any text. */
  static String path(String parent, String word) {
    StringBuilder encoded = new StringBuilder(parent);
    // Whole steps of dots would lead elsewhere.
    String plain = word.equals(".") || word.equals("..") ? "" : "-._~,";
    for (byte b : word.getBytes(StandardCharsets.UTF_8)) {
      if (Character.isLetterOrDigit(b) || plain.indexOf(b) >= 0) {
        encoded.append((char) b);
      } else {
        encoded.append('%').append(HEX.charAt(b >> 4 & 15)).append(HEX.charAt(b & 15));
      }
    }
    return encoded.toString();
  }
}
