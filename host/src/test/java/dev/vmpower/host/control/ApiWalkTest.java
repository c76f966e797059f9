package dev.vmpower.host.control;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vmpower.host.FakeGuest;
import dev.vmpower.host.RunningDaemon;
import dev.vmpower.host.config.ConfigFile;
import dev.vmpower.host.control.RawClient.Answer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * A real daemon on a scratch tree, asked everything that docs/openapi.json says can be asked, and
 * everything but that.
 */
@Timeout(120)
class ApiWalkTest {
  private static final JsonMapper JSON = JsonMapper.shared();
  private static final int CPUS = 4;
  private static final String BEYOND_LONG = "1000000000000000000000";

  /** In which order the requests that change something can all be done. */
  private static final List<String> ORDER =
      List.of(
          "/v1/vms/query",
          "/v1/vms/envelope",
          "/v1/channels/disable",
          "/v1/channels/enable",
          "/v1/channels/add",
          "/v1/cpus/set",
          "/v1/cpus/reclaim",
          "/v1/cpus/turbo",
          "/v1/cpus/release",
          "/v1/policies/apply",
          "/v1/pin",
          "/v1/vms/add",
          "/v1/reload",
          "/v1/pause",
          "/v1/resume");

  /** After those that look: they take away what those look at. */
  private static final List<String> LAST =
      List.of("/v1/policies/remove", "/v1/vms/remove", "/v1/handover");

  /** A stream without an end, what leaves a process behind, and what is no JSON. */
  private static final Set<String> ELSEWHERE = Set.of("/v1/events", "/v1/handover", "/metrics");

  @TempDir Path directory;

  private final JsonNode api = read();
  private final JsonSchema schemas = new JsonSchema(api);
  private final List<FakeGuest> guests = new ArrayList<>();
  private RunningDaemon daemon;

  private static JsonNode read() {
    try {
      return JSON.readTree(
          Files.readString(
              Path.of(System.getProperty("vmpower.checkout"), "docs", "openapi.json")));
    } catch (IOException missing) {
      throw new AssertionError(missing);
    }
  }

  @BeforeEach
  void start() throws Exception {
    for (int cpu = 0; cpu < CPUS; cpu++) {
      Path policy = Files.createDirectories(directory.resolve("cpu/cpufreq/policy" + cpu));
      Files.createDirectories(directory.resolve("cpu/cpu" + cpu));
      Files.writeString(policy.resolve("related_cpus"), cpu + "\n");
      Files.writeString(policy.resolve("scaling_driver"), "acpi-cpufreq\n");
      Files.writeString(policy.resolve("scaling_governor"), "ondemand\n");
      Files.writeString(policy.resolve("scaling_setspeed"), "<unsupported>\n");
      Files.writeString(
          policy.resolve("scaling_available_frequencies"), "2601000 2600000 1700000 1200000 \n");
      Files.writeString(policy.resolve("scaling_min_freq"), "1200000\n");
      Files.writeString(policy.resolve("scaling_max_freq"), "2601000\n");
    }
    Files.writeString(directory.resolve("cpu/online"), "0-3\n");
    Files.createDirectories(directory.resolve("channels"));
    for (int channel = 0; channel < 2; channel++) {
      guests.add(FakeGuest.listen(directory.resolve("channels/web1." + channel)));
    }
    Path file =
        Files.writeString(
            directory.resolve("vmpower.toml"),
            """
            [cpu]
            root = "%1$s/cpu"
            [state]
            dir = "%1$s/run"
            lib = "%1$s/lib"
            [control]
            socket = "%1$s/control.sock"
            [libvirt]
            uri = ""
            [[vm]]
            name = "web1"
            channels = "%1$s/channels"
            vcpus = ["0", "1"]
            """
                .formatted(directory));
    daemon = RunningDaemon.start(file, ConfigFile.read(file));
  }

  @AfterEach
  void end() throws IOException {
    daemon.close();
    for (FakeGuest guest : guests) {
      guest.close();
    }
  }

  /** One request that the file describes. */
  private record Operation(String method, String path, JsonNode described) {
    JsonNode body() {
      return described.at("/requestBody/content/application~1json/schema");
    }

    /** The path with the examples of its parameters. */
    String example() {
      String filled = path;
      for (JsonNode parameter : described.path("parameters")) {
        filled =
            filled.replace(
                "{" + parameter.get("name").stringValue() + "}",
                parameter.get("example").stringValue());
      }
      return filled;
    }
  }

  private List<Operation> operations() {
    Map<String, Operation> byPath = new LinkedHashMap<>();
    for (var path : api.get("paths").properties()) {
      for (var method : path.getValue().properties()) {
        byPath.put(
            path.getKey(),
            new Operation(
                method.getKey().toUpperCase(Locale.ROOT), path.getKey(), method.getValue()));
      }
    }
    List<Operation> ordered = new ArrayList<>();
    for (String path : ORDER) {
      ordered.add(byPath.remove(path));
    }
    List<Operation> last = new ArrayList<>();
    for (String path : LAST) {
      Operation operation = byPath.remove(path);
      if (operation != null) {
        last.add(operation);
      }
    }
    assertThat(byPath.values())
        .as("name its place in the order")
        .allMatch(operation -> operation.method().equals("GET"));
    ordered.addAll(byPath.values());
    ordered.addAll(last);
    return ordered;
  }

  private Answer send(Operation operation, String body) throws IOException {
    Path socket = directory.resolve("control.sock");
    return operation.method().equals("GET")
        ? RawClient.get(socket, operation.example())
        : RawClient.post(socket, operation.path(), body);
  }

  private void follows(Operation operation, Answer answer) {
    String status = Integer.toString(answer.status());
    JsonNode described = operation.described().path("responses").path(status);
    assertThat(described.isMissingNode()).as("%s: %s", operation.path(), answer).isFalse();
    if (described.has("$ref")) {
      described = api.at(described.get("$ref").stringValue().substring(1));
    }
    JsonNode schema = described.at("/content/application~1json/schema");
    assertThat(schemas.flaws(JSON.readTree(answer.body()), schema))
        .as("%s: %s", operation.path(), answer.body())
        .isEmpty();
  }

  @Test
  void everyExampleIsDoneAndAnsweredAsDescribed() throws IOException {
    for (Operation operation : operations()) {
      if (ELSEWHERE.contains(operation.path())) {
        continue;
      }
      ObjectNode least = JSON.createObjectNode();
      ObjectNode all = JSON.createObjectNode();
      for (var field : operation.body().path("properties").properties()) {
        all.set(field.getKey(), field.getValue().get("example"));
      }
      operation.body().path("required").forEach(name -> copy(all, least, name.stringValue()));

      Answer answer = send(operation, all.toString());

      assertThat(answer.status()).as("%s: %s", operation.path(), answer).isEqualTo(200);
      follows(operation, answer);
      if (least.size() < all.size()) {
        follows(operation, send(operation, least.toString()));
      }
    }
  }

  private static void copy(ObjectNode from, ObjectNode to, String name) {
    to.set(name, from.get(name));
  }

  @Test
  void nothingElseIsTakenAndNothingIsChangedByIt() throws IOException {
    String before = state();
    int refused = 0;
    for (Operation operation : operations()) {
      for (String body : malformed(operation)) {
        Answer answer = send(operation, body);

        assertThat(answer.status()).as("%s %s: %s", operation.path(), body, answer).isEqualTo(400);
        follows(operation, answer);
        refused++;
      }
    }
    assertThat(refused).isGreaterThan(200);
    assertThat(state()).isEqualTo(before);
  }

  /** All that operators can see, but for counters of the daemon itself. */
  private String state() throws IOException {
    StringBuilder state = new StringBuilder();
    for (String path : List.of("vms", "channels", "cpus", "pinning", "policies")) {
      state.append(RawClient.get(directory.resolve("control.sock"), "/v1/" + path).body());
    }
    return state.toString();
  }

  /** Bodies of {@code operation} that differ from its examples in one thing that is wrong. */
  private List<String> malformed(Operation operation) {
    List<String> bodies = new ArrayList<>();
    if (operation.method().equals("GET")) {
      return bodies;
    }
    ObjectNode good = JSON.createObjectNode();
    for (var field : operation.body().path("properties").properties()) {
      good.set(field.getKey(), field.getValue().get("example"));
    }
    bodies.addAll(List.of("[]", "7", "nonsense", "{\"a\":1,\"a\":2}", good + "}"));
    bodies.add(good.deepCopy().put("surprise", 1).toString());
    for (JsonNode needed : operation.body().path("required")) {
      ObjectNode without = good.deepCopy();
      without.remove(needed.stringValue());
      bodies.add(without.toString());
    }
    for (var field : operation.body().path("properties").properties()) {
      for (JsonNode wrong : wrong(field.getValue())) {
        bodies.add(good.deepCopy().set(field.getKey(), wrong).toString());
      }
    }
    return bodies;
  }

  /** Values that {@code schema} does not allow. */
  private List<JsonNode> wrong(JsonNode schema) {
    List<JsonNode> values = new ArrayList<>();
    for (String any :
        List.of("true", "{}", "[]", "[7]", "null", "1.5", "7", BEYOND_LONG, "\"~\"", "\"\"")) {
      values.add(JSON.readTree(any));
    }
    values.add(JSON.valueToTree("two\nlines~"));
    for (String bound : List.of("minimum", "maximum")) {
      if (schema.has(bound)) {
        long beyond = schema.get(bound).longValue() + (bound.equals("minimum") ? -1 : 1);
        values.add(JSON.valueToTree(beyond));
      }
    }
    List<String> types = JsonSchema.types(schema);
    values.removeIf(value -> mayBe(value, schema, types));
    return values;
  }

  private boolean mayBe(JsonNode value, JsonNode schema, List<String> types) {
    if (value.isString() && types.contains("string")) {
      // A text without a pattern is free, but it has one line and is not empty.
      boolean free = !schema.has("pattern") && !value.stringValue().contains("\n");
      return free && !value.stringValue().isEmpty();
    }
    if (value.isIntegralNumber() && types.contains("integer")) {
      return value.canConvertToLong()
          && value.longValue() >= schema.path("minimum").asLong(Long.MIN_VALUE)
          && value.longValue() <= schema.path("maximum").asLong(Long.MAX_VALUE);
    }
    return schemas.flaws(value, schema).isEmpty();
  }

  @Test
  void pathsThatAreMalformedAreRefusedToo() throws IOException {
    Path socket = directory.resolve("control.sock");
    assertThat(RawClient.get(socket, "/v1/cpus/~").status()).isEqualTo(400);
    assertThat(RawClient.get(socket, "/v1/cpus/9").status()).isEqualTo(409);
    assertThat(RawClient.get(socket, "/v1/vms/nobody").status()).isEqualTo(409);
    assertThat(RawClient.get(socket, "/v1/vms/%zz").status()).isEqualTo(400);
    assertThat(RawClient.get(socket, "/v1/vms/%00").status()).isEqualTo(400);
    assertThat(RawClient.get(socket, "/v1/vms/a%2fb").status()).isEqualTo(400);
    assertThat(RawClient.get(socket, "/v1/policies/none").status()).isEqualTo(409);
  }
}
