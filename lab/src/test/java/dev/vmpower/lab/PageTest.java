package dev.vmpower.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The daemon's page in a real browser, beside what the API says. */
@Tag("lab")
@Order(0)
@Timeout(180)
@ExtendWith(Lab.class)
class PageTest {
  private static final JsonMapper JSON = JsonMapper.shared();
  private static final Duration SOON = Duration.ofSeconds(10);
  private static final Duration POLL = Duration.ofMillis(50);
  private static final Set<String> CONTROLS = Set.of("button", "combobox", "checkbox");
  private static final String LABELS =
      "[...document.querySelectorAll('.cpu')].map(cell => cell.getAttribute('aria-label'))";

  @Test
  void itShowsWhatTheApiSaysAndFollowsIt(TestInfo test) {
    try (PageHost host = small(test)) {
      Chromium browser = host.browser();
      awaitTrue(browser, "document.querySelectorAll('.cpu').length === 8");
      showsWhatTheApiSays(host);
      assertThat(label(browser, 0)).contains("target 1.2 GHz");

      browser.evaluate("window.sameOne = true");
      assertThat(host.guest(0, 0).ask(0, SocketGuest.MAX)).isTrue();
      awaitLabel(browser, 0, "target 2.60 GHz");
      awaitTrue(browser, "window.sameOne && document.querySelectorAll('#log .target').length > 0");
      assertThat(browser.complaints()).isEmpty();
    }
  }

  @Test
  void aVmAndItsPcpusPointAtEachOther(TestInfo test) {
    try (PageHost host = small(test)) {
      Chromium browser = host.browser();
      awaitTrue(browser, "document.querySelector('tr[data-vm=vm1]') !== null");
      browser.evaluate("document.querySelector('tr[data-vm=vm0] button').click()");
      awaitTrue(browser, "document.querySelectorAll('.cpu.of-vm').length === 2");
      browser.evaluate("document.querySelector('.cpu[data-cpu=\"0\"]').focus()");
      browser.press("ArrowRight");
      browser.press("Enter");
      awaitTrue(browser, "document.querySelector('.cpu[aria-pressed=true]')?.dataset.cpu === '1'");
      awaitTrue(browser, "document.querySelectorAll('tr.of-cpu').length === 2");
      awaitTrue(browser, "document.querySelectorAll('#votes tbody tr').length === 2");
      assertThat(browser.evaluate("document.querySelector('#sentence').textContent").asString())
          .contains("vm");
      for (JsonNode node : browser.accessibilityTree()) {
        if (CONTROLS.contains(node.path("role").path("value").asString(""))) {
          assertThat(node.path("name").path("value").asString("")).as("%s", node).isNotBlank();
        }
      }
      assertThat(browser.complaints()).isEmpty();
    }
  }

  @Test
  void itSurvivesARestartOfTheDaemon(TestInfo test) {
    try (PageHost host = small(test)) {
      Chromium browser = host.browser();
      awaitTrue(browser, "document.querySelectorAll('.cpu').length === 8");
      browser.evaluate("window.sameOne = true");
      host.killDaemon();
      awaitTrue(browser, "document.querySelector('#link').dataset.link === 'lost'");
      host.startDaemonAgain();
      awaitTrue(browser, "document.querySelector('#link').dataset.link === 'live'");
      assertThat(host.guest(1, 0).ask(0, SocketGuest.MAX)).isTrue();
      awaitLabel(browser, 1, "target 2.60 GHz");
      await().atMost(SOON).pollInterval(POLL).untilAsserted(() -> showsWhatTheApiSays(host));
      assertThat(browser.evaluate("window.sameOne").asBoolean()).isTrue();
      assertThat(browser.complaints()).allMatch(text -> text.contains("\"network\""));
    }
  }

  /** How smooth it is on a large host is printed; that it shows all of it is tested. */
  @Test
  void aLargeHostIsShownWhole(TestInfo test) throws IOException {
    List<String> vms =
        IntStream.range(0, 100)
            .mapToObj(i -> "\"" + 2 * i + "\", \"" + (2 * i + 1) + "\"")
            .toList();
    try (PageHost host = new PageHost(LabHost.folder(test), 256, 2, vms)) {
      Chromium browser = host.browser();
      awaitTrue(browser, "document.querySelectorAll('.cpu').length === 256");
      browser.evaluate(
          "window.frames = []; let last = performance.now(); const tick = now => {"
              + " frames.push(now - last); last = now; requestAnimationFrame(tick); };"
              + " requestAnimationFrame(tick); 0");
      for (int i = 0; i < 4_000; i++) {
        int unit = i % 100 % 3 == 0 ? SocketGuest.MAX : SocketGuest.MIN;
        assertThat(host.guest(i * 7 % 100, i % 2).ask(i % 2, unit)).isTrue();
      }
      await().atMost(SOON).pollInterval(POLL).untilAsserted(() -> showsWhatTheApiSays(host));
      System.out.println(
          "256 pCPUs, 100 VMs: frames, ms p50, p95, max: "
              + browser.evaluate(
                  "(() => { const sorted = frames.toSorted((a, b) => a - b);"
                      + " const at = part => Math.round(sorted[Math.floor(sorted.length * part)]);"
                      + " return [sorted.length, at(0.5), at(0.95),"
                      + " Math.round(sorted.at(-1))]; })()"));
      assertThat(browser.complaints()).isEmpty();
      host.followSpeeds();
      takePictures(browser);
    }
  }

  private static void takePictures(Chromium browser) throws IOException {
    Path pictures = Files.createDirectories(Checkout.build().resolve("page"));
    browser.evaluate("document.querySelector('.cpu[data-cpu=\"2\"]').click()");
    awaitTrue(browser, "document.querySelectorAll('#votes tbody tr').length > 0");
    awaitTrue(browser, "document.querySelector('.cpu[data-cpu=\"2\"] span').textContent < '2'");
    browser.prefer("light");
    awaitTrue(browser, "document.documentElement.dataset.theme === 'light'");
    browser.screenshot(pictures.resolve("page-light.png"));
    browser.prefer("dark");
    awaitTrue(browser, "document.documentElement.dataset.theme === 'dark'");
    browser.screenshot(pictures.resolve("page-dark.png"));
  }

  private PageHost small(TestInfo test) {
    PageHost host =
        new PageHost(LabHost.folder(test), 8, 1, List.of("\"0\", \"1\"", "\"1\", \"2\""));
    assertThat(host.guest(0, 0).ask(0, SocketGuest.MIN)).isTrue();
    assertThat(host.guest(1, 0).ask(0, SocketGuest.MIN)).isTrue();
    return host;
  }

  private static void showsWhatTheApiSays(PageHost host) {
    JsonNode labels = host.browser().evaluate(LABELS);
    JsonNode cpus = JSON.readTree(host.ctl().json("cpu", "list"));
    assertThat(labels.size()).isEqualTo(cpus.size());
    for (int i = 0; i < cpus.size(); i++) {
      JsonNode cpu = cpus.get(i);
      assertThat(labels.get(i).asString()).startsWith("pCPU " + cpu.get("cpu") + ",");
      assertThat(labels.get(i).asString())
          .contains(cpu.get("managed").asBoolean() ? target(cpu) : "not managed");
    }
  }

  private static String target(JsonNode cpu) {
    int khz = cpu.get("target_khz").asInt();
    String digits = khz % 100_000 == 0 ? "target %.1f GHz" : "target %.2f GHz";
    return String.format(Locale.ROOT, digits, khz / 1e6);
  }

  private static String label(Chromium browser, int cpu) {
    return browser.evaluate(LABELS).get(cpu).asString();
  }

  private static void awaitLabel(Chromium browser, int cpu, String text) {
    await().atMost(SOON).pollInterval(POLL).until(() -> label(browser, cpu).contains(text));
  }

  private static void awaitTrue(Chromium browser, String expression) {
    await()
        .atMost(SOON)
        .pollInterval(POLL)
        .untilAsserted(
            () ->
                assertThat(browser.evaluate(expression).asBoolean())
                    .as("%s; the browser complains: %s", expression, browser.complaints())
                    .isTrue());
  }
}
