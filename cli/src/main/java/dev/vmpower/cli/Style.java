package dev.vmpower.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * What the place where the text goes can show.
 *
 * @param colour whether it is a terminal that is asked for colour
 * @param ellipsis what stands for text that was cut off: one character that can be written there
 */
record Style(boolean colour, String ellipsis) {
  private static final String BOLD = "\033[1m";
  private static final String RED = "\033[31m";
  private static final String PLAIN = "\033[0m";

  /** What standard output can show. */
  static Style ofStdout(Map<String, String> environment) {
    boolean colour =
        environment.getOrDefault("NO_COLOR", "").isEmpty()
            && !environment.getOrDefault("TERM", "dumb").equals("dumb")
            && isTerminal(1);
    return new Style(colour, System.out.charset().newEncoder().canEncode('…') ? "…" : "~");
  }

  /** Whether a descriptor is a terminal; java.io.Console would load a line editor to say so. */
  static boolean isTerminal(int descriptor) {
    try {
      String device = Files.readSymbolicLink(Path.of("/proc/self/fd/" + descriptor)).toString();
      return device.startsWith("/dev/pts/") || device.startsWith("/dev/tty");
    } catch (IOException unknown) {
      return false;
    }
  }

  String strong(String text) {
    return colour ? BOLD + text + PLAIN : text;
  }

  String alarm(String text) {
    return colour ? RED + text + PLAIN : text;
  }

  String shorten(String text, int width) {
    return text.length() <= width ? text : text.substring(0, width - 1) + ellipsis;
  }
}
