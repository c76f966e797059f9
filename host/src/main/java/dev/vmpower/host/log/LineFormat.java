package dev.vmpower.host.log;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.event.KeyValuePair;

/**
 * How an event becomes a line of the log. Whatever names it carries, it is one line and does
 * nothing to a terminal.
 */
enum LineFormat {
  /** For people: the time, and what happened. A stack trace follows on lines of its own. */
  TEXT {
    @Override
    String line(ILoggingEvent event) {
      return TIME.format(Instant.ofEpochMilli(event.getTimeStamp()))
          + " "
          + event.getLevel()
          + " "
          + message(event)
          + "\n";
    }
  },

  /** For programs: an object, the event's fields beside its message. */
  JSON {
    @Override
    String line(ILoggingEvent event) {
      StringBuilder line = new StringBuilder("{\"time\":");
      value(line, Instant.ofEpochMilli(event.getTimeStamp()).toString());
      value(line.append(",\"level\":"), event.getLevel().toString());
      value(line.append(",\"logger\":"), event.getLoggerName());
      value(line.append(",\"message\":"), event.getFormattedMessage());
      for (KeyValuePair field : fields(event)) {
        value(line.append(",\"").append(field.key).append("\":"), field.value);
      }
      String trace = trace(event);
      if (!trace.isEmpty()) {
        value(line.append(",\"exception\":"), trace.strip());
      }
      return line.append("}\n").toString();
    }
  };

  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss.SSS").withZone(ZoneId.systemDefault());

  /** Controls, C1's too; what parts lines and paragraphs; what changes the direction of text. */
  private static final Pattern UNPRINTABLE =
      Pattern.compile("[\\p{Cc}\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069]");

  /** The whole line, or lines, with the newline. */
  abstract String line(ILoggingEvent event);

  static List<KeyValuePair> fields(ILoggingEvent event) {
    List<KeyValuePair> pairs = event.getKeyValuePairs();
    return pairs == null ? List.of() : pairs;
  }

  /** Who says what, with the stack trace on lines of its own; no newline at the end. */
  static String message(ILoggingEvent event) {
    return event.getLoggerName() + ": " + printable(event.getFormattedMessage()) + trace(event);
  }

  static String printable(String text) {
    return UNPRINTABLE.matcher(text).replaceAll("?");
  }

  private static String trace(ILoggingEvent event) {
    StringBuilder trace = new StringBuilder();
    for (IThrowableProxy cause = event.getThrowableProxy();
        cause != null;
        cause = cause.getCause()) {
      trace.append("\n  ").append(cause.getClassName()).append(": ");
      trace.append(printable(String.valueOf(cause.getMessage())));
      for (var frame : cause.getStackTraceElementProxyArray()) {
        trace.append("\n    ").append(frame);
      }
    }
    return trace.toString();
  }

  /** A number or a truth value as it is, all else as a text in quotation marks. */
  private static void value(StringBuilder line, @Nullable Object value) {
    if (value == null || value instanceof Number || value instanceof Boolean) {
      line.append(value);
      return;
    }
    String text = value.toString();
    line.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        line.append('\\').append(c);
      } else if (c < ' ' || c > '~') {
        line.append("\\u").append(Integer.toHexString(0x10000 + c), 1, 5);
      } else {
        line.append(c);
      }
    }
    line.append('"');
  }
}
