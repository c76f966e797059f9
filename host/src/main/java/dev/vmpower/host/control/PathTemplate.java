package dev.vmpower.host.control;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A path of the table. A segment in braces is a parameter: any text, of which slashes and what is
 * not ASCII come escaped ({@code /v1/vms/web%20server}).
 */
final class PathTemplate {
  private final List<String> segments;

  PathTemplate(String text) {
    segments = List.of(text.split("/", -1));
  }

  /** The names of its parameters. */
  List<String> parameters() {
    return segments.stream().filter(PathTemplate::isParameter).map(PathTemplate::name).toList();
  }

  /** The parameters of a path by name; null if it is another one's. */
  @Nullable Map<String, String> match(List<String> path) {
    if (path.size() != segments.size()) {
      return null;
    }
    Map<String, String> parameters = new HashMap<>();
    for (int i = 0; i < path.size(); i++) {
      String segment = segments.get(i);
      if (isParameter(segment)) {
        if (path.get(i).isEmpty()) {
          return null;
        }
        parameters.put(name(segment), path.get(i));
      } else if (!segment.equals(path.get(i))) {
        return null;
      }
    }
    return parameters;
  }

  /**
   * The segments of a path as it was sent, with their escapes undone.
   *
   * @throws RequestException if one is no escape of UTF-8
   */
  static List<String> split(String path) throws RequestException {
    List<String> decoded = new ArrayList<>();
    for (String segment : path.split("/", -1)) {
      decoded.add(segment.indexOf('%') < 0 ? segment : decode(segment));
    }
    return decoded;
  }

  private static String decode(String segment) throws RequestException {
    byte[] sent = segment.getBytes(StandardCharsets.UTF_8);
    ByteBuffer bytes = ByteBuffer.allocate(sent.length);
    for (int i = 0; i < sent.length; i++) {
      if (sent[i] != '%') {
        bytes.put(sent[i]);
        continue;
      }
      int high = i + 2 < sent.length ? Character.digit(sent[i + 1], 16) : -1;
      int low = i + 2 < sent.length ? Character.digit(sent[i + 2], 16) : -1;
      if (high < 0 || low < 0) {
        throw noEscape();
      }
      bytes.put((byte) (high << 4 | low));
      i += 2;
    }
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(bytes.flip()).toString();
    } catch (CharacterCodingException notUtf8) {
      throw noEscape();
    }
  }

  private static RequestException noEscape() {
    return new RequestException(
        RequestException.BAD_REQUEST,
        "the path has a % that is no escape of UTF-8: write % itself as %25");
  }

  private static boolean isParameter(String segment) {
    return segment.startsWith("{");
  }

  private static String name(String segment) {
    return segment.substring(1, segment.length() - 1);
  }
}
