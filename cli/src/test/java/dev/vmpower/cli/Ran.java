package dev.vmpower.cli;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/** What one run of a program left behind. */
record Ran(int status, String out, String err) {
  static final Style PLAIN = new Style(false, "…");

  /** A program's run, in this process. */
  interface Program {
    int run(PrintStream out, PrintStream err);
  }

  static Ran of(Program program) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    int status =
        program.run(
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8));
    return new Ran(
        status, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  static Ran ctl(Style style, String... arguments) {
    return of((out, err) -> Ctl.run(arguments, out, err, style));
  }
}
