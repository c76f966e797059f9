package dev.vmpower.host.control;

import dev.vmpower.host.config.ConfigException;
import dev.vmpower.host.config.PolicyFile;
import dev.vmpower.host.control.ControlServer.Asker;
import dev.vmpower.host.control.ControlServer.Leaver;
import dev.vmpower.host.control.ControlServer.Meter;
import dev.vmpower.host.control.ControlServer.Pinner;
import dev.vmpower.host.control.ControlServer.Reloader;
import dev.vmpower.host.feed.Reader;
import dev.vmpower.host.metrics.Page;
import dev.vmpower.host.metrics.ProcessFigures;
import dev.vmpower.host.monitor.Verb;
import dev.vmpower.host.policy.OperatorPolicy;
import dev.vmpower.host.view.MetricsView;
import dev.vmpower.machine.cpu.CpuSet;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

/** What can be asked for on the control socket: one table, and nothing else knows a path. */
final class Routes {
  /**
   * One line of the table.
   *
   * @param path may have parameters, such as {@code /v1/vms/{vm}}: fields that need no body
   * @param needed the fields that the body must have
   * @param optional the fields that it may have; any other is refused
   */
  record Route(
      String method, String path, List<String> needed, List<String> optional, Action action) {
    /** Whether whoever asks for it is written to the log. */
    boolean changes() {
      return method.equals("POST");
    }
  }

  /** The route that was asked for, with the parameters that its path had. */
  record Found(Route route, Map<String, String> parameters) {}

  /** What a route does. */
  interface Action {
    /**
     * Begins it.
     *
     * @param who user and pid of whoever asks
     * @return what is then answered as JSON
     */
    CompletableFuture<?> begin(Arguments arguments, String who) throws RequestException;
  }

  /** An answer for which there is no view. */
  record Message(String message) {}

  /** How long the next daemon has after a handover. */
  static final int RESTORE_AFTER_S = 60;

  private static final Path OWN_PROCESS = Path.of("/proc/self");

  private final Asker asker;
  private final Meter meter;
  private final Executor slow;
  private final EventStreams streams;
  private final Map<Route, PathTemplate> routes = new LinkedHashMap<>();

  /**
   * Makes the table.
   *
   * @param slow runs what waits for libvirt or the disk
   */
  Routes(
      Asker asker,
      Pinner pinner,
      Reloader reloader,
      Leaver leaver,
      Meter meter,
      Executor slow,
      EventStreams streams) {
    this.asker = asker;
    this.meter = meter;
    this.slow = slow;
    this.streams = streams;
    get("/v1/vms", new Verb.ListVms());
    get("/v1/vms/{vm}", (a, who) -> asker.ask(new Verb.ShowVm(a.text("vm"))));
    get("/v1/channels", new Verb.ListChannels());
    get("/v1/cpus", new Verb.ListCpus());
    get("/v1/cpus/{cpus}", (a, who) -> asker.ask(new Verb.ShowCpus(a.cpus("cpus"))));
    get("/v1/cpus/{cpu}/explanation", (a, who) -> asker.ask(new Verb.Explain(a.cpu("cpu"))));
    get("/v1/pinning", new Verb.ListPinning());
    get("/v1/policies", new Verb.ListPolicies());
    get("/v1/policies/{name}", (a, who) -> asker.ask(new Verb.ShowPolicy(a.text("name"))));
    post(
        "/v1/policies/apply",
        List.of("toml"),
        (a, who) -> asker.ask(new Verb.ApplyPolicies(policies(a.document("toml")))));
    post(
        "/v1/policies/remove",
        List.of("name"),
        (a, who) -> asker.ask(new Verb.RemovePolicy(a.text("name"))).thenApply(Message::new));
    get("/v1/status", new Verb.Status());
    get("/v1/overview", new Verb.Overview());
    get("/metrics", (a, who) -> asker.ask(new Verb.Metrics()).thenApply(this::metrics));
    addVms();
    get("/v1/events", (a, who) -> follow());
    get("/v1/energy", (a, who) -> slowly(meter::sinceStart));
    get(
        "/v1/energy/{since}",
        (a, who) -> {
          int hours = a.hours("since");
          return slowly(() -> meter.lastHours(hours));
        });
    get("/v1/history", (a, who) -> CompletableFuture.completedFuture(streams.history()));
    post(
        "/v1/cpus/set",
        List.of("cpus", "level"),
        List.of("for_s"),
        (a, who) -> asker.ask(set(a, who)));
    post(
        "/v1/cpus/turbo",
        List.of("cpus", "on"),
        (a, who) -> asker.ask(new Verb.SwitchTurbo(a.cpus("cpus"), a.flag("on"), who)));
    post(
        "/v1/cpus/release",
        List.of("cpus"),
        (a, who) -> asker.ask(new Verb.ReleaseCpus(a.cpus("cpus"))));
    post(
        "/v1/cpus/reclaim",
        List.of("cpus"),
        (a, who) -> asker.ask(new Verb.ReclaimCpus(a.cpus("cpus"))));
    post("/v1/channels/enable", List.of("vm", "channels"), (a, who) -> enable(a, true));
    post("/v1/channels/disable", List.of("vm", "channels"), (a, who) -> enable(a, false));
    post("/v1/pin", List.of("vm", "vcpu", "cpus"), (a, who) -> pin(a, pinner));
    post("/v1/pause", List.of(), (a, who) -> asker.ask(new Verb.Pause(true)));
    post("/v1/resume", List.of(), (a, who) -> asker.ask(new Verb.Pause(false)));
    post("/v1/reload", List.of(), (a, who) -> slowly(() -> reload(reloader)));
    post(
        "/v1/handover",
        List.of(),
        List.of("restore_after_s"),
        (a, who) -> {
          int afterS = a.has("restore_after_s") ? a.seconds("restore_after_s") : RESTORE_AFTER_S;
          return slowly(() -> leaver.handOver(afterS));
        });
  }

  private void addVms() {
    List<String> ofVm = new ArrayList<>(List.of("channels", "vcpus", "peer_uid", "query"));
    ofVm.addAll(VmRequests.LIMITS);
    post("/v1/vms/add", List.of("name"), ofVm, (a, who) -> asker.ask(VmRequests.add(a)));
    post(
        "/v1/vms/remove",
        List.of("vm"),
        (a, who) -> asker.ask(new Verb.RemoveVm(a.text("vm"))).thenApply(Message::new));
    post(
        "/v1/vms/query",
        List.of("vm", "allowed"),
        (a, who) -> asker.ask(new Verb.AllowQuery(a.text("vm"), a.flag("allowed"))));
    List<String> ofEnvelope = new ArrayList<>(VmRequests.LIMITS);
    ofEnvelope.add("reset");
    post(
        "/v1/vms/envelope",
        List.of("vm"),
        ofEnvelope,
        (a, who) -> asker.ask(VmRequests.envelope(a)));
    post(
        "/v1/channels/add",
        List.of("vm", "channel", "path"),
        (a, who) -> asker.ask(VmRequests.addChannel(a)));
  }

  // Made on the monitor's thread; what waits is looked at where the text is made.
  private Page metrics(MetricsView view) {
    return new Page(view, meter::sinceStart, () -> ProcessFigures.read(OWN_PROCESS));
  }

  private static Verb.SetCpus set(Arguments a, String who) throws RequestException {
    int forS = a.has("for_s") ? a.seconds("for_s") : 0;
    return new Verb.SetCpus(a.cpus("cpus"), a.level("level"), who, forS);
  }

  /**
   * The route for {@code method} and {@code path}.
   *
   * @param path as it was sent, with its escapes
   * @throws RequestException if there is none
   */
  Found find(String method, String path) throws RequestException {
    List<String> segments = PathTemplate.split(path);
    Route other = null;
    for (Map.Entry<Route, PathTemplate> line : routes.entrySet()) {
      Map<String, String> parameters = line.getValue().match(segments);
      if (parameters != null) {
        if (line.getKey().method().equals(method)) {
          return new Found(line.getKey(), parameters);
        }
        other = line.getKey();
      }
    }
    if (other != null) {
      throw new RequestException(
          RequestException.METHOD_NOT_ALLOWED,
          other.path() + " is asked for with " + other.method());
    }
    throw new RequestException(
        RequestException.NOT_FOUND,
        "there is no such path: try one of "
            + String.join(" ", routes.keySet().stream().map(Route::path).toList()));
  }

  /** The whole table. */
  List<Route> all() {
    return List.copyOf(routes.keySet());
  }

  private void get(String path, Verb<?> verb) {
    get(path, (a, who) -> asker.ask(verb));
  }

  private void get(String path, Action action) {
    add(new Route("GET", path, List.of(), List.of(), action));
  }

  private void post(String path, List<String> needed, Action action) {
    post(path, needed, List.of(), action);
  }

  private void post(String path, List<String> needed, List<String> optional, Action action) {
    add(new Route("POST", path, needed, optional, action));
  }

  private void add(Route route) {
    routes.put(route, new PathTemplate(route.path()));
  }

  private CompletableFuture<?> enable(Arguments arguments, boolean enabled)
      throws RequestException {
    return asker.ask(
        new Verb.EnableChannels(arguments.text("vm"), arguments.channels("channels"), enabled));
  }

  private static List<OperatorPolicy> policies(String toml) throws RequestException {
    try {
      return PolicyFile.parse("policy", toml);
    } catch (ConfigException bad) {
      throw new RequestException(RequestException.BAD_REQUEST, String.valueOf(bad.getMessage()));
    }
  }

  private CompletableFuture<?> pin(Arguments arguments, Pinner pinner) throws RequestException {
    String vm = arguments.text("vm");
    int vcpu = arguments.vcpu("vcpu");
    CpuSet cpus = arguments.cpus("cpus");
    return slowly(() -> new Message(pinner.pin(vm, vcpu, cpus)));
  }

  /** Answered with the reader once the monitor knows of it: it misses nothing from then on. */
  private CompletableFuture<Reader> follow() throws RequestException {
    Reader reader = streams.open();
    CompletableFuture<Reader> following = asker.ask(new Verb.Status()).thenApply(status -> reader);
    var unused =
        following.whenComplete(
            (begun, failed) -> {
              if (failed != null) {
                reader.close();
              }
            });
    return following;
  }

  private static Message reload(Reloader reloader) throws Verb.RefusedException {
    reloader.reload();
    return new Message("the configuration was read again");
  }

  private <T> CompletableFuture<T> slowly(Callable<T> work) throws RequestException {
    CompletableFuture<T> answer = new CompletableFuture<>();
    try {
      slow.execute(
          () -> {
            try {
              answer.complete(work.call());
            } catch (Exception failed) {
              answer.completeExceptionally(failed);
            }
          });
    } catch (RejectedExecutionException full) {
      throw new RequestException(
          RequestException.UNAVAILABLE, "too many pin and reload requests wait: try again later");
    }
    return answer;
  }
}
