package dev.vmpower.host.log;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.LoggingEvent;
import dev.vmpower.host.NotifySocket;
import dev.vmpower.machine.process.UnixDatagrams;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a name can do to the log, and where the log goes. */
class StderrAppenderTest {
  private final ByteArrayOutputStream stderr = new ByteArrayOutputStream();

  @TempDir Path directory;

  private static ILoggingEvent event(String message) {
    return new LoggingEvent(
        "", new LoggerContext().getLogger("vmpower"), Level.INFO, message, null, null);
  }

  @Test
  void whateverANameHoldsALineIsALineAndCommandsNoTerminal() {
    assertThat(LineFormat.printable("a\nb\rc\u001b[2J\u009b2J\u0085d\u2028e\u202ef"))
        .isEqualTo("a?b?c?[2J?2J?d?e?f");
    assertThat(LineFormat.printable("../../etc \"\u00fc\" \ud83d\ude80"))
        .isEqualTo("../../etc \"\u00fc\" \ud83d\ude80");
  }

  @Test
  void theJournalGetsWhatItTakesAndStderrTheRest() throws Exception {
    String socket = directory.resolve("journal").toString();
    StderrAppender appender =
        new StderrAppender(new PrintStream(stderr, false, StandardCharsets.UTF_8));
    appender.setJournal(new UnixDatagrams(socket, true));
    appender.start();
    try (NotifySocket journal = NotifySocket.bind(socket)) {
      appender.doAppend(event("taken"));
      assertThat(journal.receive()).contains("vmpower: taken");
    }
    appender.doAppend(event("nobody there"));
    appender.stop();

    assertThat(stderr.toString(StandardCharsets.UTF_8))
        .contains("vmpower: nobody there")
        .doesNotContain("taken");
  }
}
