package dev.vmpower.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the documents say of vmpowerctl is what its tables say. */
class DocumentsTest {
  private static final Path CHECKOUT = Path.of(System.getProperty("vmpower.checkout"));
  private static final Pattern QUOTED = Pattern.compile("`([^`]+)`");

  /** A line of an example on a terminal: a verb of vmpowerctl, or its request with curl. */
  private static final Pattern EXAMPLE =
      Pattern.compile(
          " {4,}(?:vmpowerctl (?<verb>[^#]+)"
              + "|curl (?:-N )?--unix-socket \\S+ (?:-d '(?<body>[^']*)' )?"
              + "http://localhost(?<path>/\\S+))(?: +#.*)?");

  /** These end when their user does; that they can be asked for is tried. */
  private static final Pattern ENDLESS = Pattern.compile("(top|watch|shell)\\b.*|/v1/events");

  private static List<String> lines(String document) throws IOException {
    return Files.readAllLines(CHECKOUT.resolve(document));
  }

  private static List<String> quoted(String cell) {
    List<String> quoted = new ArrayList<>();
    for (Matcher at = QUOTED.matcher(cell); at.find(); ) {
      quoted.add(at.group(1).replace("\\|", "|"));
    }
    return quoted;
  }

  /** The cells of each line of the tables in a document that begins with a quoted text. */
  private static List<String[]> tables(String document) throws IOException {
    return lines(document).stream()
        .filter(line -> line.startsWith("| `"))
        .map(line -> line.split("(?<!\\\\)\\|"))
        .map(cells -> new String[] {cells[1], cells[2], cells.length < 4 ? "" : cells[3]})
        .toList();
  }

  @Test
  void theMigrationTableIsTheOneInTheCode() throws IOException {
    List<String> written = new ArrayList<>();
    for (String[] cells : tables("docs/migrating-from-dpdk.md")) {
      written.add(quoted(cells[0]) + " " + quoted(cells[1]) + " " + cells[2].strip());
    }
    List<String> meant = new ArrayList<>();
    for (DpdkCommands.Line line : DpdkCommands.TABLE) {
      meant.add("[" + line.command() + "] [" + line.verb() + "] " + line.note());
    }
    assertThat(written).isEqualTo(meant);
  }

  @Test
  void everyVerbStandsInTheDocumentWithItsPathAndOptions() throws IOException {
    List<String[]> tables = tables("docs/commands.md");
    for (Call call : Calls.all()) {
      String words = call.phrase().words();
      String[] line =
          tables.stream()
              .filter(cells -> quoted(cells[0]).stream().anyMatch(verb -> isOf(verb, words)))
              .findFirst()
              .orElseThrow(() -> new AssertionError("docs/commands.md lacks " + words));
      if (!call.isLocal()) {
        String method = call.fields() == null ? "GET " : "POST ";
        String path = call.path().replace("{--", "{");
        for (String label : List.of("NAME", "VM", "CPU")) {
          path = path.replace("{" + label + "}", "{" + label.toLowerCase(Locale.ROOT) + "}");
        }
        assertThat(line[1])
            .contains(
                method,
                path.replace("/{CPUS}", call.phrase().indexOf("CPUS") < 0 ? "" : "/{cpus}"));
      }
      if (!words.equals("vm add")) {
        for (Grammar.Option option : call.phrase().options()) {
          assertThat(line[2]).as(words).contains(option.names().getLast());
        }
      }
    }
  }

  private static boolean isOf(String verb, String words) {
    return verb.equals(words) || (verb + " ").startsWith(words + " ");
  }

  @Test
  void nothingStandsInTheDocumentThatIsNoVerb() throws IOException {
    List<String> verbs = Calls.all().stream().map(call -> call.phrase().words()).toList();
    for (String[] cells : tables("docs/commands.md")) {
      for (String verb : quoted(cells[0])) {
        assertThat(verbs).as(verb).anyMatch(words -> isOf(verb, words));
      }
    }
  }

  @Test
  void everyRequestIsOneOfTheApiWithAllOfItsFields() throws Exception {
    Row paths = Row.of(Json.read(Files.readAllBytes(CHECKOUT.resolve("docs/openapi.json"))));
    paths = paths.row("paths");
    for (Call call : Calls.all()) {
      if (call.isLocal()) {
        continue;
      }
      List<Field> fields = call.fields();
      String path = call.path().toLowerCase(Locale.ROOT).replace("{--", "{");
      Row request = paths.row(path).row(fields == null ? "get" : "post");
      assertThat(request.names()).as(call.phrase().words() + " " + path).isNotEmpty();
      if (fields != null && !fields.isEmpty()) {
        Row schema = request.row("requestBody").row("content").row("application/json");
        List<Object> names = new ArrayList<>();
        schema.row("schema").row("properties").names().forEach(names::add);
        assertThat(fields.stream().map(field -> (Object) field.name()))
            .as(call.phrase().words())
            .containsExactlyInAnyOrderElementsOf(names);
      }
    }
  }

  @Test
  void theReadmeShowsVerbsThatExist() throws Exception {
    List<String> shown =
        lines("README.md").stream().filter(line -> line.contains("./vmpower ctl ")).toList();
    assertThat(shown).hasSizeGreaterThan(3);
    for (String line : shown) {
      String words = line.substring(line.indexOf("ctl ") + 4).replaceFirst("\\s+#.*", "").strip();
      assertThat(CallsTest.request(words.split(" "))).as(line).startsWith("/v1/");
    }
  }

  @Test
  void whatTheDocumentsSayToRunRuns(@TempDir Path directory) throws Exception {
    int run = 0;
    try (ScratchHost host = new ScratchHost(directory, false);
        Stream<Path> documents = Files.list(CHECKOUT.resolve("docs"))) {
      ControlClient client = new ControlClient(host.socket());
      for (Path document : documents.filter(file -> file.toString().endsWith(".md")).toList()) {
        String text = Files.readString(document).replaceAll("\\\\\\n +", "");
        for (String line : text.lines().toList()) {
          Matcher at = EXAMPLE.matcher(line);
          if (at.matches()) {
            tryOut(document.getFileName() + ":" + line, at, host, client);
            run++;
          }
        }
      }
    }
    assertThat(run).isGreaterThan(12);
  }

  private static void tryOut(String where, Matcher at, ScratchHost host, ControlClient client)
      throws Exception {
    String verb = at.group("verb");
    String asked = verb == null ? at.group("path") : verb.strip();
    if (ENDLESS.matcher(asked).matches()) {
      return;
    }
    if (verb == null) {
      assertThat(client.ask(asked, at.group("body")).status()).as(where).isEqualTo(200);
      return;
    }
    List<String> words = new ArrayList<>(List.of("--socket", host.socket().toString()));
    words.addAll(List.of(asked.split(" +")));
    Ran ran = Ran.ctl(Ran.PLAIN, words.toArray(String[]::new));
    assertThat(ran.err()).as(where).isEmpty();
    assertThat(ran.status()).as(where).isZero();
  }
}
