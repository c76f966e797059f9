package dev.vmpower.lab;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Debian's Chromium with one page open, led over its debugging protocol. */
final class Chromium implements AutoCloseable {
  private static final JsonMapper JSON = JsonMapper.shared();
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Duration POLL = Duration.ofMillis(50);

  private final Process browser;
  private final HttpClient http = HttpClient.newHttpClient();
  private final WebSocket socket;
  private final AtomicInteger calls = new AtomicInteger();
  private final Map<Integer, CompletableFuture<JsonNode>> waiting = new ConcurrentHashMap<>();
  private final List<String> complaints = new CopyOnWriteArrayList<>();

  private Chromium(Process browser, Path profile) {
    this.browser = browser;
    Path port = profile.resolve("DevToolsActivePort");
    await().atMost(PATIENCE).pollInterval(POLL).until(() -> lines(port).size() == 2);
    socket =
        http.newWebSocketBuilder()
            .buildAsync(URI.create(page(lines(port).getFirst())), new Ear())
            .join();
    for (String domain : new String[] {"Page", "Runtime", "Log", "Accessibility"}) {
      call(domain + ".enable", Map.of());
    }
  }

  /** Starts a browser with a window of that size, with a profile of its own in {@code profile}. */
  static Chromium start(Path profile, int width, int height) {
    try {
      Process browser =
          new ProcessBuilder(
                  "chromium",
                  "--headless=new",
                  "--no-sandbox", // root has none
                  "--disable-gpu",
                  "--hide-scrollbars",
                  "--remote-debugging-port=0",
                  "--user-data-dir=" + profile,
                  "--window-size=" + width + "," + height,
                  "about:blank")
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .redirectError(profile.resolve("chromium.log").toFile())
              .start();
      Runtime.getRuntime().addShutdownHook(new Thread(() -> end(browser)));
      return new Chromium(browser, profile);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<String> lines(Path file) {
    try {
      return Files.exists(file) ? Files.readAllLines(file) : List.of();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private String page(String port) {
    HttpRequest list =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/json")).build();
    String[] found = new String[1];
    await()
        .atMost(PATIENCE)
        .pollInterval(POLL)
        .until(
            () -> {
              String text = http.send(list, HttpResponse.BodyHandlers.ofString()).body();
              for (JsonNode target : JSON.readTree(text)) {
                if (target.get("type").asString().equals("page")) {
                  found[0] = target.get("webSocketDebuggerUrl").asString();
                }
              }
              return found[0] != null;
            });
    return found[0];
  }

  /** Opens a page. */
  void open(String url) {
    call("Page.navigate", Map.of("url", url));
  }

  /** What a JavaScript expression is worth in the page, as JSON. */
  JsonNode evaluate(String expression) {
    JsonNode answer =
        call(
            "Runtime.evaluate",
            Map.of("expression", expression, "returnByValue", true, "awaitPromise", true));
    if (answer.has("exceptionDetails")) {
      throw new AssertionError(expression + ": " + answer.get("exceptionDetails"));
    }
    JsonNode value = answer.get("result").get("value");
    return value == null ? JSON.nullNode() : value;
  }

  /** Presses and lets go of a key that is called so in JavaScript. */
  void press(String key) {
    int code = key.equals("Enter") ? '\r' : 0;
    Map<String, Object> down = new java.util.HashMap<>(Map.of("type", "keyDown", "key", key));
    if (code != 0) {
      down.put("text", "\r");
      down.put("windowsVirtualKeyCode", code);
    }
    call("Input.dispatchKeyEvent", down);
    call("Input.dispatchKeyEvent", Map.of("type", "keyUp", "key", key));
  }

  /** As though the user liked it {@code dark} or {@code light}. */
  void prefer(String scheme) {
    call(
        "Emulation.setEmulatedMedia",
        Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", scheme))));
  }

  /** What a screen reader is told of the page. */
  JsonNode accessibilityTree() {
    return call("Accessibility.getFullAXTree", Map.of()).get("nodes");
  }

  /** Makes a picture of the whole page. */
  void screenshot(Path png) {
    String data =
        call("Page.captureScreenshot", Map.of("format", "png", "captureBeyondViewport", true))
            .get("data")
            .asString();
    try {
      Files.write(png, Base64.getDecoder().decode(data));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Errors that the page made or the browser found in it. */
  List<String> complaints() {
    return complaints;
  }

  private JsonNode call(String method, Map<String, Object> params) {
    int id = calls.incrementAndGet();
    CompletableFuture<JsonNode> answer = new CompletableFuture<>();
    waiting.put(id, answer);
    socket
        .sendText(
            JSON.writeValueAsString(Map.of("id", id, "method", method, "params", params)), true)
        .join();
    try {
      return answer.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException | ExecutionException | TimeoutException e) {
      throw new AssertionError(method, e);
    }
  }

  private void hear(JsonNode message) {
    if (message.has("id")) {
      CompletableFuture<JsonNode> answer = waiting.remove(message.get("id").asInt());
      if (answer == null) {
        return;
      }
      if (message.has("error")) {
        answer.completeExceptionally(new AssertionError(message.get("error").toString()));
      } else {
        answer.complete(message.get("result"));
      }
      return;
    }
    String method = message.get("method").asString();
    if (method.equals("Runtime.exceptionThrown")) {
      complaints.add(message.get("params").toString());
    } else if (method.equals("Log.entryAdded")
        && message.get("params").get("entry").get("level").asString().equals("error")) {
      complaints.add(message.get("params").get("entry").toString());
    }
  }

  private static void end(Process browser) {
    browser.descendants().forEach(ProcessHandle::destroyForcibly);
    browser.destroyForcibly();
  }

  @Override
  public void close() {
    socket.abort();
    http.close();
    end(browser);
    browser.onExit().join();
  }

  /** Puts the pieces of messages together. */
  private final class Ear implements WebSocket.Listener {
    private final StringBuilder text = new StringBuilder();

    @Override
    public CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
      text.append(data);
      if (last) {
        hear(JSON.readTree(text.toString()));
        text.setLength(0);
      }
      from.request(1);
      return CompletableFuture.completedStage(null);
    }
  }
}
