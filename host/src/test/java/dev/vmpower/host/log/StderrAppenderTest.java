package dev.vmpower.host.log;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** What a name can do to the log. */
class StderrAppenderTest {
  @Test
  void whateverANameHoldsALineIsALineAndCommandsNoTerminal() {
    assertThat(StderrAppender.printable("a\nb\rc\u001b[2J\u009b2J\u0085d\u2028e\u202ef"))
        .isEqualTo("a?b?c?[2J?2J?d?e?f");
    assertThat(StderrAppender.printable("../../etc \"\u00fc\" \ud83d\ude80"))
        .isEqualTo("../../etc \"\u00fc\" \ud83d\ude80");
  }
}
