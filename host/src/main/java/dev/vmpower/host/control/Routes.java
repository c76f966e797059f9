package dev.vmpower.host.control;

import dev.vmpower.host.control.ControlServer.Asker;
import dev.vmpower.host.control.ControlServer.Pinner;
import dev.vmpower.host.control.ControlServer.Reloader;
import dev.vmpower.host.monitor.Verb;
import dev.vmpower.machine.cpu.CpuSet;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

/** What can be asked for on the control socket: one table, and nothing else knows a path. */
final class Routes {
  /**
   * One line of the table.
   *
   * @param fields what the body must have, all of it and nothing else
   */
  record Route(String method, String path, List<String> fields, Action action) {
    /** Whether whoever asks for it is written to the log. */
    boolean changes() {
      return method.equals("POST");
    }
  }

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

  private final Asker asker;
  private final Executor slow;
  private final List<Route> routes = new ArrayList<>();

  /**
   * Makes the table.
   *
   * @param slow runs what waits for libvirt or the disk
   */
  Routes(Asker asker, Pinner pinner, Reloader reloader, Executor slow) {
    this.asker = asker;
    this.slow = slow;
    get("/v1/vms", new Verb.ListVms());
    get("/v1/channels", new Verb.ListChannels());
    get("/v1/cpus", new Verb.ListCpus());
    get("/v1/status", new Verb.Status());
    post(
        "/v1/cpus/set",
        List.of("cpus", "level"),
        (a, who) -> asker.ask(new Verb.SetCpus(a.cpus("cpus"), a.level("level"), who)));
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
  }

  /**
   * The route for {@code method} and {@code path}.
   *
   * @throws RequestException if there is none
   */
  Route find(String method, String path) throws RequestException {
    for (Route route : routes) {
      if (route.path().equals(path)) {
        if (!route.method().equals(method)) {
          throw new RequestException(
              RequestException.METHOD_NOT_ALLOWED, path + " is asked for with " + route.method());
        }
        return route;
      }
    }
    throw new RequestException(
        RequestException.NOT_FOUND,
        "there is no such path: try one of "
            + String.join(" ", routes.stream().map(Route::path).toList()));
  }

  /** The whole table. */
  List<Route> all() {
    return List.copyOf(routes);
  }

  private void get(String path, Verb<?> verb) {
    routes.add(new Route("GET", path, List.of(), (a, who) -> asker.ask(verb)));
  }

  private void post(String path, List<String> fields, Action action) {
    routes.add(new Route("POST", path, fields, action));
  }

  private CompletableFuture<?> enable(Arguments arguments, boolean enabled)
      throws RequestException {
    return asker.ask(
        new Verb.EnableChannels(arguments.text("vm"), arguments.channels("channels"), enabled));
  }

  private CompletableFuture<?> pin(Arguments arguments, Pinner pinner) throws RequestException {
    String vm = arguments.text("vm");
    int vcpu = arguments.vcpu("vcpu");
    CpuSet cpus = arguments.cpus("cpus");
    return slowly(() -> new Message(pinner.pin(vm, vcpu, cpus)));
  }

  private static Message reload(Reloader reloader) throws Verb.RefusedException {
    reloader.reload();
    return new Message("the configuration was read again");
  }

  private CompletableFuture<?> slowly(Callable<Message> work) throws RequestException {
    CompletableFuture<Message> answer = new CompletableFuture<>();
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
