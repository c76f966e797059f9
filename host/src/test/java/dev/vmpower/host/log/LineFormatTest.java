package dev.vmpower.host.log;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.LoggingEvent;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.slf4j.event.KeyValuePair;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Events as lines, each a single one whatever names are in it. */
class LineFormatTest {
  private static final String EVIL = "vm\n\"0\\\u001b[2J";

  private static LoggingEvent event(String message, @Nullable Throwable thrown) {
    LoggingEvent event =
        new LoggingEvent(
            "", new LoggerContext().getLogger("vmpower.x"), Level.WARN, message, thrown, null);
    event.setTimeStamp(1_000);
    event.addKeyValuePair(new KeyValuePair("vm", EVIL));
    event.addKeyValuePair(new KeyValuePair("vcpu", 3));
    event.addKeyValuePair(new KeyValuePair("channel", null));
    return event;
  }

  @Test
  void jsonIsOneObjectWithItsFields() {
    String line = LineFormat.JSON.line(event("refused " + EVIL, null));

    assertThat(line).hasLineCount(1).endsWith("}\n");
    JsonNode json = JsonMapper.shared().readTree(line);
    assertThat(json.get("time").stringValue()).isEqualTo("1970-01-01T00:00:01Z");
    assertThat(json.get("level").stringValue()).isEqualTo("WARN");
    assertThat(json.get("message").stringValue()).isEqualTo("refused " + EVIL);
    assertThat(json.get("vm").stringValue()).isEqualTo(EVIL);
    assertThat(json.get("vcpu").intValue()).isEqualTo(3);
    assertThat(json.get("channel").isNull()).isTrue();
  }

  @Test
  void anExceptionIsPartOfItsObject() {
    String line = LineFormat.JSON.line(event("broke", new IllegalStateException("why")));

    assertThat(line).hasLineCount(1);
    assertThat(JsonMapper.shared().readTree(line).get("exception").stringValue())
        .startsWith("java.lang.IllegalStateException: why");
  }

  @Test
  void theJournalGetsFieldsThatNoValueCanAddTo() {
    String entry = new String(JournalEntry.of(event("refused\nPRIORITY=0", null)), ISO_8859_1);

    assertThat(entry)
        .isEqualTo(
            field("MESSAGE", "vmpower.x: refused?PRIORITY=0")
                + field("PRIORITY", "4")
                + field("SYSLOG_IDENTIFIER", "vmpowerd")
                + field("VMPOWER_LOGGER", "vmpower.x")
                + field("VMPOWER_VM", "vm?\"0\\?[2J")
                + field("VMPOWER_VCPU", "3"));
  }

  @Test
  void aFieldOfTheJournalIsCutWhereADatagramWouldNotFit() {
    byte[] entry = JournalEntry.of(event("x".repeat(1 << 20), null));

    assertThat(entry)
        .hasSizeBetween(JournalEntry.VALUE_BYTES_MAX, 2 * JournalEntry.VALUE_BYTES_MAX);
  }

  private static String field(String name, String value) {
    return name + "\n" + (char) value.length() + "\0".repeat(7) + value + "\n";
  }

  @Test
  void textIsForPeopleAndHasNoFields() {
    assertThat(LineFormat.TEXT.line(event("refused " + EVIL, null)))
        .endsWith(" WARN vmpower.x: refused vm?\"0\\?[2J\n");
  }
}
