package dev.vmpower.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A new user's path, from {@code dpkg -i} on a clean Debian 12 with libvirt to {@code dpkg -P}, as
 * {@code lab/vm/newcomer} goes it. The script looks at the terminal, this test at the page, in a
 * real browser. The times of the steps are printed; docs/install.md has those of one run.
 */
@Tag("lab")
@Order(1)
@Timeout(400)
@ExtendWith(Lab.class)
class NewcomerTest {
  private static final String SCRIPT = Checkout.lab().resolve("vm/newcomer").toString();
  private static final String LOOK = "look at ";
  private static final Duration SOON = Duration.ofSeconds(20);

  @Test
  void aNewcomerSeesARequestMoveAPcpuAndLeavesNothingBehind() throws Exception {
    Optional<String> missing = DebianMachine.missing();
    if (missing.isPresent() && "true".equals(System.getenv("CI"))) {
      Assertions.fail("CI must run the lab, but " + missing.get());
    }
    Assumptions.assumeTrue(missing.isEmpty(), missing.orElse(""));
    Path base = DebianMachine.fetchAndBuild();
    Path root = Checkout.build().resolve("newcomer");
    Process newcomer =
        new ProcessBuilder(SCRIPT, base.toString(), root.toString(), "ask")
            .redirectErrorStream(true)
            .start();
    List<String> said = new ArrayList<>();
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(newcomer.getInputStream(), StandardCharsets.UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        System.err.println(line);
        said.add(line);
        if (line.startsWith(LOOK)) {
          seeInABrowser(line.substring(LOOK.length()));
          goOn(newcomer);
        }
      }
      assertThat(newcomer.waitFor()).as("%s", said).isZero();
    } finally {
      newcomer.destroy(); // it removes what it made
    }
    assertThat(said).anyMatch(line -> line.endsWith("top shows it"));
    assertThat(said).anyMatch(line -> line.endsWith("the page shows it in a browser"));
    assertThat(said.getLast())
        .endsWith("removed: no file of its is left, and cpufreq is as it was");
  }

  private static void seeInABrowser(String url) {
    Path profile = Checkout.emptyFolder("hosts", "NewcomerTest");
    try (Chromium browser = Chromium.start(profile, 1280, 900)) {
      browser.open(url);
      String label = "document.querySelector('.cpu[data-cpu=\"0\"]')?.getAttribute('aria-label')";
      await()
          .atMost(SOON)
          .untilAsserted(
              () -> assertThat(browser.evaluate(label).asString("")).contains("target 1.2 GHz"));
      await()
          .atMost(SOON)
          .until(
              () ->
                  browser
                      .evaluate("document.querySelector('tr[data-vm=vm0]') !== null")
                      .asBoolean());
      assertThat(browser.complaints()).isEmpty();
      browser.screenshot(profile.resolve("page.png"));
    }
  }

  private static void goOn(Process newcomer) throws IOException {
    Writer answer = newcomer.outputWriter(StandardCharsets.UTF_8);
    answer.write("seen\n");
    answer.flush();
  }
}
