package dev.vmpower.host.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vmpower.host.control.Routes.Found;
import dev.vmpower.host.control.Routes.Route;
import dev.vmpower.host.feed.Feed;
import dev.vmpower.machine.cpu.CpuSet;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Paths with parameters, and fields that may be left out. */
class RoutesTest {
  private static final Route ROUTE =
      new Route(
          "POST",
          "/v1/test",
          List.of("vm"),
          List.of("for_s", "khz", "on", "lists", "toml"),
          (a, who) -> CompletableFuture.completedFuture(""));

  private final Routes routes =
      new Routes(
          new CannedAsker(),
          (vm, vcpu, cpus) -> "",
          () -> {},
          after -> new ControlServer.Farewell("", () -> {}),
          new CannedMeter(),
          Runnable::run,
          new EventStreams(new Feed()));

  @ParameterizedTest
  @CsvSource({
    "/v1/vms/web1,             web1",
    "/v1/vms/web%20server,     web server",
    "/v1/vms/50%25,            50%",
    "/v1/vms/M%c3%bcller,      Müller",
    "/v1/vms/Müller%20%32,     Müller 2",
    "/v1/vms/guest:web1,       guest:web1",
    "/v1/vms/add,              add",
    "/v1/%76ms/a;b,            a;b"
  })
  void aParameterIsOneSegmentWithItsEscapesUndone(String path, String vm) throws Exception {
    Found found = routes.find("GET", path);

    assertThat(found.route().path()).isEqualTo("/v1/vms/{vm}");
    assertThat(found.parameters()).isEqualTo(Map.of("vm", vm));
    assertThat(new Arguments(Json.readObject(new byte[0]), found).text("vm")).isEqualTo(vm);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/v1/vms/%", "/v1/vms/%4", "/v1/vms/%zz", "/v1/vms/%ff", "/v1/vms/%c3"})
  void whatIsNoEscapeIsABadRequest(String path) {
    assertThatThrownBy(() -> routes.find("GET", path))
        .isInstanceOfSatisfying(
            RequestException.class,
            refused -> {
              assertThat(refused.status()).isEqualTo(400);
              assertThat(refused.line()).contains("%25");
            });
  }

  @ParameterizedTest
  @CsvSource({
    "GET,  /v1/vms/,       404",
    "GET,  /v1/vms/a/b,    404",
    "GET,  /v1,            404",
    "POST, /v1/vms/web1,   405",
    "GET,  /v1/cpus/set/0, 404"
  })
  void whatIsNoPathSaysWhatThereIs(String method, String path, int status) {
    assertThatThrownBy(() -> routes.find(method, path))
        .isInstanceOfSatisfying(
            RequestException.class, refused -> assertThat(refused.status()).isEqualTo(status));
  }

  @Test
  void whatIsOptionalMayBeLeftOut() throws Exception {
    Arguments least = arguments("{\"vm\":\"a\"}");
    Arguments all =
        arguments(
            "{\"vm\":\"a\",\"for_s\":60,\"khz\":null,\"on\":false,\"lists\":[\"0\",\"2-3\"],"
                + "\"toml\":\"a = 1\\n\"}");

    assertThat(least.has("for_s")).isFalse();
    assertThat(all.has("for_s")).isTrue();
    assertThat(all.seconds("for_s")).isEqualTo(60);
    assertThat(all.has("khz")).isTrue();
    assertThat(all.isNull("khz")).isTrue();
    assertThat(all.khz("khz")).isZero();
    assertThat(all.flag("on")).isFalse();
    assertThat(all.cpuLists("lists", 2)).containsExactly(CpuSet.of(0), CpuSet.of(2, 3));
    assertThat(all.document("toml")).isEqualTo("a = 1\n");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"for_s\":60}",
        "{\"vm\":\"a\",\"other\":60}",
        "{\"vm\":\"a\",\"for_s\":\"60\"}",
        "{\"vm\":\"a\",\"for_s\":0}",
        "{\"vm\":\"a\",\"for_s\":31622401}",
        "{\"vm\":\"a\",\"for_s\":null}",
        "{\"vm\":\"a\",\"for_s\":1.5}",
        "{\"vm\":\"a\",\"khz\":-1}",
        "{\"vm\":\"a\",\"khz\":1000000000}",
        "{\"vm\":\"a\",\"on\":\"true\"}",
        "{\"vm\":\"a\",\"on\":1}",
        "{\"vm\":\"a\",\"lists\":\"0\"}",
        "{\"vm\":\"a\",\"lists\":[0]}",
        "{\"vm\":\"a\",\"lists\":[\"0\",\"1\",\"2\"]}",
        "{\"vm\":\"a\",\"lists\":[\"x\"]}",
        "{\"vm\":\"a\",\"toml\":[]}",
        "{\"vm\":\"a\\nb\"}",
        "{\"vm\":null}"
      })
  void aWrongFieldIsNamedInOneLine(String body) {
    assertThatThrownBy(
            () -> {
              Arguments a = arguments(body);
              a.text("vm");
              for (String optional : ROUTE.optional()) {
                if (a.has(optional)) {
                  read(a, optional);
                }
              }
            })
        .isInstanceOfSatisfying(
            RequestException.class,
            refused -> {
              assertThat(refused.status()).isEqualTo(400);
              assertThat(refused.line()).contains("\"").doesNotContain("\n");
            });
  }

  private static Object read(Arguments a, String name) throws RequestException {
    return switch (name) {
      case "for_s" -> a.seconds(name);
      case "khz" -> a.khz(name);
      case "on" -> a.flag(name);
      case "lists" -> a.cpuLists(name, 2);
      default -> a.document(name);
    };
  }

  @Test
  void aNameOfAnyLengthIsNotRepeated() throws Exception {
    String vm = "x".repeat(Arguments.TEXT_CHARS_MAX + 1);

    assertThatThrownBy(() -> arguments("{\"vm\":\"" + vm + "\"}").text("vm"))
        .isInstanceOfSatisfying(
            RequestException.class, refused -> assertThat(refused.line()).hasSizeLessThan(100));
    assertThat(arguments("{\"vm\":\"" + vm.substring(1) + "\"}").text("vm")).isNotEmpty();
  }

  private static Arguments arguments(String body) throws RequestException {
    return new Arguments(
        Json.readObject(body.getBytes(StandardCharsets.UTF_8)), new Found(ROUTE, Map.of()));
  }
}
