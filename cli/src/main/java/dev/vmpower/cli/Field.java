package dev.vmpower.cli;

import dev.vmpower.cli.Grammar.Parsed;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One field of a request's body, and the words that it is made of.
 *
 * @param name as the API calls it
 * @param from the label of a parameter, or the name of an option; without them, the field is left
 *     out
 */
record Field(String name, Type type, String from) {
  /** What a word is, and what it becomes in JSON. */
  enum Type {
    /** Text as it is. */
    TEXT,
    /** All words from here on: an array of texts. */
    TEXTS,
    /** A path, which is made absolute: the daemon is in another directory. */
    PATH,
    /** The text in the file of this name. */
    FILE,
    /** A number. */
    NUMBER,
    /** kHz as a number, or {@code hardware}, which is null. */
    KHZ,
    /** {@code 30s}, {@code 30m}, {@code 8h} or {@code 2d}: a number of seconds. */
    SECONDS,
    /** {@code on} or {@code off}: a boolean. */
    SWITCH,
    /** An option without a value: true. */
    FLAG
  }

  /** The daemon takes 64 KiB, as JSON. */
  static final int FILE_BYTES_MAX = 48 << 10;

  private static final int SECONDS_PER_MINUTE = 60;
  private static final int SECONDS_PER_HOUR = 3600;
  private static final int SECONDS_PER_DAY = 24 * SECONDS_PER_HOUR;

  /**
   * The value as JSON; null where the words have none.
   *
   * @throws FailureException if a word is not what it must be
   */
  @Nullable String json(Grammar.Phrase phrase, Parsed parsed) throws FailureException {
    boolean option = from.startsWith("-");
    int index = option ? -1 : phrase.indexOf(from);
    String word = option ? parsed.option(from) : parsed.parameter(index);
    if (word == null || (!option && index >= parsed.parameters().size())) {
      return null;
    }
    return switch (type) {
      case TEXT -> Json.quote(word);
      case TEXTS -> texts(parsed.parameters(), index);
      case PATH -> Json.quote(path(word).toAbsolutePath().toString());
      case FILE -> Json.quote(content(word));
      case NUMBER -> number(word, "is a number such as 0");
      case KHZ ->
          word.equals("hardware")
              ? "null"
              : number(word, "is a number of kHz such as 1800000, or hardware");
      case SECONDS -> Long.toString(seconds(word));
      case SWITCH -> onOrOff(word);
      case FLAG -> "true";
    };
  }

  private static String texts(List<String> words, int from) {
    StringBuilder array = new StringBuilder("[");
    for (int i = from; i < words.size(); i++) {
      array.append(i == from ? "" : ",").append(Json.quote(words.get(i)));
    }
    return array.append(']').toString();
  }

  private String number(String word, String what) throws FailureException {
    try {
      int number = word.startsWith("+") ? -1 : Integer.parseInt(word);
      if (number >= 0) {
        return Integer.toString(number);
      }
    } catch (NumberFormatException notANumber) {
      // Said below.
    }
    throw wrong(from + " " + what + ", not '" + word + "'");
  }

  private String onOrOff(String word) throws FailureException {
    return switch (word) {
      case "on" -> "true";
      case "off" -> "false";
      default ->
          throw wrong(
              (from.startsWith("-") ? from + ": " : "") + "'" + word + "' is not on or off");
    };
  }

  /** The range is the daemon's to check. */
  private long seconds(String word) throws FailureException {
    int digits = word.length() - 1;
    int unit =
        switch (digits < 1 ? ' ' : word.charAt(digits)) {
          case 's' -> 1;
          case 'm' -> SECONDS_PER_MINUTE;
          case 'h' -> SECONDS_PER_HOUR;
          case 'd' -> SECONDS_PER_DAY;
          default -> 0;
        };
    try {
      if (unit > 0 && word.charAt(0) != '+' && word.charAt(0) != '-') {
        return Math.multiplyExact((long) unit, Integer.parseInt(word, 0, digits, 10));
      }
    } catch (NumberFormatException notANumber) {
      // Said below.
    }
    throw wrong(from + ": '" + word + "' is no time such as 30s, 30m, 8h or 2d");
  }

  /**
   * A path as the user wrote it.
   *
   * @throws FailureException if it can be none
   */
  static Path path(String word) throws FailureException {
    try {
      return Path.of(word);
    } catch (InvalidPathException notAPath) {
      throw wrong("'" + word.replace('\0', '?') + "' is no path");
    }
  }

  private static String content(String word) throws FailureException {
    Path file = path(word);
    try {
      if (Files.isDirectory(file)) {
        throw failed(file + ": is a directory");
      }
      if (Files.size(file) > FILE_BYTES_MAX) {
        throw failed(file + ": larger than " + FILE_BYTES_MAX + " bytes");
      }
      byte[] bytes = Files.readAllBytes(file);
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (NoSuchFileException none) {
      throw failed(file + ": no such file");
    } catch (AccessDeniedException denied) {
      throw failed(file + ": no permission to read it");
    } catch (CharacterCodingException notText) {
      throw failed(file + ": is no UTF-8 text");
    } catch (IOException unreadable) {
      throw failed(file + ": cannot be read: " + unreadable.getMessage());
    }
  }

  private static FailureException wrong(String line) {
    return new FailureException(FailureException.USAGE, line);
  }

  private static FailureException failed(String line) {
    return new FailureException(FailureException.FAILED, line);
  }
}
