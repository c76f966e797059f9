package dev.vmpower.host.control;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vmpower.host.feed.Change;
import dev.vmpower.host.feed.Feed;
import dev.vmpower.host.monitor.Verb;
import dev.vmpower.host.view.ChannelView;
import dev.vmpower.host.view.CpuView;
import dev.vmpower.host.view.ExplanationView;
import dev.vmpower.host.view.OverviewView;
import dev.vmpower.host.view.PinningView;
import dev.vmpower.host.view.PolicyView;
import dev.vmpower.host.view.StatusView;
import dev.vmpower.host.view.VmView;
import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** docs/openapi.json describes the routes and the views that there are, and no others. */
class OpenApiTest {
  private static final Path FILE =
      Path.of(System.getProperty("vmpower.checkout"), "docs", "openapi.json");

  private final JsonNode api = read();

  private static JsonNode read() {
    try {
      return JsonMapper.shared().readTree(Files.readString(FILE));
    } catch (IOException missing) {
      throw new AssertionError(missing);
    }
  }

  private static List<Routes.Route> routes() {
    return new Routes(
            OpenApiTest::nobody,
            (vm, vcpu, cpus) -> "",
            () -> {},
            after -> new ControlServer.Farewell("", () -> {}),
            new CannedMeter(),
            Runnable::run,
            new EventStreams(new Feed()))
        .all();
  }

  private static <T> CompletableFuture<T> nobody(Verb<T> verb) {
    return new CompletableFuture<>();
  }

  @Test
  void thePathsAreThoseOfTheTable() {
    TreeSet<String> described = new TreeSet<>();
    api.path("paths")
        .properties()
        .forEach(
            path ->
                path.getValue()
                    .propertyNames()
                    .forEach(method -> described.add(method + " " + path.getKey())));

    assertThat(described)
        .containsExactlyInAnyOrderElementsOf(
            routes().stream()
                .map(route -> route.method().toLowerCase(Locale.ROOT) + " " + route.path())
                .toList());
  }

  @ParameterizedTest
  @MethodSource("routes")
  void theBodiesHaveTheFieldsOfTheTable(Routes.Route route) {
    JsonNode schema =
        operation(route)
            .path("requestBody")
            .path("content")
            .path("application/json")
            .path("schema");
    List<String> fields = new ArrayList<>(route.needed());
    fields.addAll(route.optional());

    assertThat(schema.path("properties").propertyNames())
        .containsExactlyInAnyOrderElementsOf(fields);
    assertThat(texts(schema.path("required"))).containsExactlyInAnyOrderElementsOf(route.needed());
    for (var field : schema.path("properties").properties()) {
      assertThat(field.getValue().propertyNames())
          .as(field.getKey())
          .contains("description", "example");
    }
    assertThat(schema.isMissingNode() || schema.path("additionalProperties").isBoolean()).isTrue();
    assertThat(schema.path("additionalProperties").asBoolean(false)).isFalse();
  }

  @ParameterizedTest
  @MethodSource("routes")
  void theParametersAreThoseOfThePaths(Routes.Route route) {
    List<String> described = new ArrayList<>();
    for (JsonNode parameter : operation(route).path("parameters")) {
      described.add(parameter.path("name").asString());
      assertThat(parameter.path("in").asString()).isEqualTo("path");
      assertThat(parameter.path("required").asBoolean()).isTrue();
    }

    assertThat(described).containsExactlyElementsOf(new PathTemplate(route.path()).parameters());
  }

  private JsonNode operation(Routes.Route route) {
    return api.path("paths").path(route.path()).path(route.method().toLowerCase(Locale.ROOT));
  }

  private static List<String> texts(JsonNode array) {
    List<String> texts = new ArrayList<>();
    array.forEach(text -> texts.add(text.asString()));
    return texts;
  }

  @Test
  void theSchemasHaveTheFieldsOfTheViews() {
    Map<String, Class<?>> views =
        Map.ofEntries(
            Map.entry("Vm", VmView.class),
            Map.entry("Vcpu", VmView.VcpuView.class),
            Map.entry("Channel", ChannelView.class),
            Map.entry("Cpu", CpuView.class),
            Map.entry("Steering", CpuView.SteeringView.class),
            Map.entry("Hold", CpuView.HoldView.class),
            Map.entry("TurboOff", CpuView.TurboOffView.class),
            Map.entry("Pinning", PinningView.class),
            Map.entry("Vote", CpuView.VoteView.class),
            Map.entry("Explanation", ExplanationView.class),
            Map.entry("Overview", OverviewView.class),
            Map.entry("CpuNow", OverviewView.CpuNow.class),
            Map.entry("VmNow", OverviewView.VmNow.class),
            Map.entry("Policy", PolicyView.class),
            Map.entry("Status", StatusView.class),
            Map.entry("AnswerTimes", StatusView.AnswerTimes.class),
            Map.entry("Message", Routes.Message.class));
    views.forEach(this::hasFieldsOf);
  }

  @Test
  void everyEventHasItsSchema() {
    String described =
        api.path("paths").path("/v1/events").path("get").path("responses").toString();
    for (Class<?> change : Change.class.getPermittedSubclasses()) {
      String name = change.getSimpleName() + "Event";
      hasFieldsOf(name, change);
      assertThat(described).contains(name);
    }
  }

  private void hasFieldsOf(String name, Class<?> view) {
    JsonNode schema = api.path("components").path("schemas").path(name);
    List<String> fields =
        Arrays.stream(view.getRecordComponents())
            .map(RecordComponent::getName)
            .map(OpenApiTest::snakeCase)
            .toList();

    assertThat(schema.path("properties").propertyNames())
        .as(name)
        .containsExactlyElementsOf(fields);
    assertThat(texts(schema.path("required"))).as(name).containsExactlyElementsOf(fields);
  }

  private static String snakeCase(String name) {
    return name.replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT);
  }
}
