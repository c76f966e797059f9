package dev.vmpower.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** VMs whose names mean something to a shell, a path, a URL, a table or JSON. */
@Timeout(60)
class OddNamesTest {
  private static final List<String> NAMES =
      List.of(
          "a.b.0",
          "..",
          ".",
          "..%2f..%2fetc",
          " two  blanks ",
          "-rf",
          "--help",
          "quotes \" and ' and `id`",
          "back\\slash\\n",
          "a,b=c;d&e?f#g",
          "{\"name\":[]}",
          "\u202eenila\u2028 \u00fc\ud83d\ude80",
          "n".repeat(200));

  @TempDir Path directory;

  @Test
  void everyVerbTakesThemAsTheyAre() throws Exception {
    try (ScratchHost host = new ScratchHost(directory, false)) {
      assertThat(host).isNotNull();
      for (String name : NAMES) {
        run("vm", "add", "--", name, directory + "/channels", "0").isDone();
        run("vm", "envelope", "--max", "1700000", "--", name).isDone();
        run("vm", "query", "--", name, "on").isDone();
        Said shown = run("vm", "show", "-o", "json", "--", name);
        shown.isDone();
        assertThat(Row.of(Json.read(shown.ran.out().getBytes(StandardCharsets.UTF_8))).text("name"))
            .isEqualTo(name);
        run("channel", "list", "--", name).isDone();
      }
      Said list = run("vm", "list", "-o", "json");
      for (String name : NAMES) {
        assertThat(list.ran.out()).contains(Json.quote(name));
      }
      String orders = Files.readString(directory.resolve("lib/orders"));
      for (String name : NAMES) {
        assertThat(orders.split("\n"))
            .anyMatch(line -> line.startsWith("query ") && line.endsWith(" " + name))
            .anyMatch(line -> line.startsWith("envelope ") && line.endsWith(" " + name));
        run("vm", "remove", "--", name).isDone();
      }
    }
  }

  @Test
  void whatIsNoNameIsOneLineAndChangesNothing() throws Exception {
    try (ScratchHost host = new ScratchHost(directory, false)) {
      assertThat(host).isNotNull();
      String before = run("vm", "list", "-o", "json").ran.out();
      for (String name :
          List.of("../../etc", "a/b", "", "new\nline", "\u001b[2J", "\u009b2J", "n".repeat(257))) {
        Said refused = run("vm", "add", "--", name, directory + "/channels", "0");
        assertThat(refused.ran.status()).as(name).isNotZero();
        assertThat(refused.ran.err().strip().lines()).as(name).hasSize(1);
      }
      assertThat(run("vm", "list", "-o", "json").ran.out()).isEqualTo(before);
      assertThat(run("vm", "show", "../../etc").ran.err())
          .isEqualTo("vmpowerctl: VM cannot be '../../etc'\n");
    }
  }

  private Said run(String... words) {
    String[] all = new String[words.length + 2];
    all[0] = "--socket";
    all[1] = directory + "/control.sock";
    System.arraycopy(words, 0, all, 2, words.length);
    return new Said(Ran.ctl(Ran.PLAIN, all));
  }

  private record Said(Ran ran) {
    void isDone() {
      assertThat(ran.status()).as(ran.err()).isZero();
    }
  }
}
