package dev.vmpower.host.log;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.slf4j.event.KeyValuePair;

/**
 * An event as a datagram of systemd's <a href="https://systemd.io/JOURNAL_NATIVE_PROTOCOL/">native
 * journal protocol</a>: each field is its name, a newline, its length as 8 little-endian bytes, and
 * its value. So no value can be taken for another field.
 */
final class JournalEntry {
  static final String SOCKET = "/run/systemd/journal/socket";

  /** Longer values are cut, so that a datagram fits into any socket's buffer. */
  static final int VALUE_BYTES_MAX = 16 << 10;

  private static final String OWN = "VMPOWER_";

  // Of syslog(3).
  private static final int ERROR = 3;
  private static final int WARNING = 4;
  private static final int INFORMATION = 6;
  private static final int DEBUG = 7;

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

  private JournalEntry() {}

  static byte[] of(ILoggingEvent event) {
    JournalEntry entry = new JournalEntry();
    entry.put("MESSAGE", LineFormat.message(event));
    entry.put("PRIORITY", Integer.toString(priority(event.getLevel())));
    entry.put("SYSLOG_IDENTIFIER", "vmpowerd");
    entry.put(OWN + "LOGGER", event.getLoggerName());
    for (KeyValuePair field : LineFormat.fields(event)) {
      if (field.value != null) {
        String value = LineFormat.printable(field.value.toString());
        entry.put(OWN + field.key.toUpperCase(Locale.ROOT), value);
      }
    }
    return entry.bytes.toByteArray();
  }

  private void put(String name, String value) {
    byte[] text = value.getBytes(StandardCharsets.UTF_8);
    int length = Math.min(text.length, VALUE_BYTES_MAX);
    ByteBuffer size = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    bytes.writeBytes((name + "\n").getBytes(StandardCharsets.UTF_8));
    bytes.writeBytes(size.putLong(length).array());
    bytes.write(text, 0, length);
    bytes.write('\n');
  }

  private static int priority(Level level) {
    if (level.isGreaterOrEqual(Level.ERROR)) {
      return ERROR;
    }
    if (level.isGreaterOrEqual(Level.WARN)) {
      return WARNING;
    }
    return level.isGreaterOrEqual(Level.INFO) ? INFORMATION : DEBUG;
  }
}
