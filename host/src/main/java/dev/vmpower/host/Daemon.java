package dev.vmpower.host;

import dev.vmpower.host.config.Config;
import dev.vmpower.host.config.ConfigException;
import dev.vmpower.host.config.ConfigFile;
import dev.vmpower.host.log.LogSetup;
import dev.vmpower.machine.epoll.EpollSelector;
import dev.vmpower.machine.process.CompilerThreads;
import dev.vmpower.machine.process.Supervisor;
import dev.vmpower.machine.sysfs.DirectorySysfs;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sun.misc.Signal;

/** The program {@code vmpowerd}. */
public final class Daemon {
  private static final String USAGE =
      "usage: vmpowerd [restore [" + TimedRestore.OPTION + "SECONDS]] [--config FILE]";
  private static final Path DEFAULT_FILE = Path.of("/etc/vmpower/vmpower.toml");

  private static final int EXIT_FAILED = 1;
  private static final int EXIT_USAGE = 2;

  private Daemon() {}

  /**
   * Runs in the foreground until SIGTERM or SIGINT, after which everything is given back; with
   * {@code restore}, gives back what a crash left behind, and ends; after a handover, only once the
   * next daemon's time is over.
   */
  public static void main(String[] args) {
    int status = EXIT_FAILED;
    try {
      status = run(args);
      LogSetup.flush();
    } catch (RuntimeException | Error broke) {
      System.err.println("vmpowerd: " + broke);
    } finally {
      Runtime.getRuntime().halt(status); // whatever else still runs
    }
  }

  private static int run(String[] args) {
    boolean restore = args.length > 0 && args[0].equals("restore");
    if (!restore) {
      // It takes a sixth of the start, so beside the rest.
      Thread.ofPlatform().name("link").daemon().start(Daemon::link);
    }
    boolean handedOver = restore && args.length > 1 && args[1].startsWith(TimedRestore.OPTION);
    int verbs = handedOver ? 2 : restore ? 1 : 0;
    int afterS = handedOver ? seconds(args[1].substring(TimedRestore.OPTION.length())) : 0;
    Path file = parse(Arrays.copyOfRange(args, verbs, args.length));
    if (file == null || afterS < 0) {
      return fail(USAGE, EXIT_USAGE);
    }
    Config config;
    try {
      config = ConfigFile.read(file.toAbsolutePath());
      LogSetup.setFormat(config.log().format());
    } catch (ConfigException bad) {
      return fail(bad.getMessage(), EXIT_USAGE);
    } catch (IOException noSocket) {
      return fail(noSocket.getMessage(), EXIT_FAILED);
    }
    return restore ? restore(config, afterS) : serve(file, config);
  }

  private static void link() {
    EpollSelector.link();
    DirectorySysfs.link();
    CompilerThreads.giveWay();
  }

  /** For a service manager, after a daemon that did not end well; or the watch over a handover. */
  private static int restore(Config config, int afterS) {
    try {
      if (afterS > 0) {
        TimedRestore.await(config, afterS);
      } else {
        RunningDaemon.restore(config);
      }
      return 0;
    } catch (IOException failed) {
      return fail(failed.getMessage(), EXIT_FAILED);
    }
  }

  private static int serve(Path file, Config config) {
    Watcher systemd;
    try {
      systemd = new Watcher(Supervisor.of(System.getenv()));
    } catch (IOException malformed) {
      return fail(malformed.getMessage(), EXIT_FAILED);
    }
    // A signal during the start is remembered, and obeyed as soon as there is something to end.
    AtomicReference<@Nullable RunningDaemon> running = new AtomicReference<>();
    StopRequest stop = new StopRequest();
    // A daemon of which a part is dead had better be started anew, with everything given back.
    Thread.setDefaultUncaughtExceptionHandler((thread, broke) -> stop.fail(thread, broke));
    Signal.handle(new Signal("TERM"), signal -> stop.request());
    Signal.handle(new Signal("INT"), signal -> stop.request());
    Signal.handle(new Signal("HUP"), signal -> reload(running.get(), systemd));
    String names = System.getProperty("sun.jnu.encoding", "");
    if (!names.equals("UTF-8")) {
      LoggerFactory.getLogger("vmpower")
          .warn(
              "paths are read as {}: sockets of other names are not found; set LC_CTYPE=C.UTF-8",
              names);
    }
    try (RunningDaemon daemon =
        RunningDaemon.start(file.toAbsolutePath(), config, systemd.heartbeat())) {
      running.set(daemon);
      Logger log = LoggerFactory.getLogger("vmpower");
      log.info("ready: {} [[vm]], root {}", config.vms().size(), config.cpu().root());
      systemd.ready();
      var unused =
          CompletableFuture.anyOf(daemon.monitor().ended(), daemon.leaving())
              .whenComplete((done, broke) -> stop.request());
      stop.await();
      systemd.stopping();
      return stop.failed() || daemon.endedByItself() ? EXIT_FAILED : 0;
    } catch (IOException failed) {
      return fail(failed.getMessage(), EXIT_FAILED);
    }
  }

  private static @Nullable Path parse(String[] args) {
    return switch (args.length) {
      case 0 -> DEFAULT_FILE;
      case 1 -> args[0].startsWith("--config=") ? Path.of(args[0].substring(9)) : null;
      case 2 -> args[0].equals("--config") ? Path.of(args[1]) : null;
      default -> null;
    };
  }

  private static int seconds(String text) {
    try {
      int seconds = Integer.parseInt(text);
      return seconds > 0 ? seconds : -1;
    } catch (NumberFormatException notSeconds) {
      return -1;
    }
  }

  private static void reload(@Nullable RunningDaemon daemon, Watcher systemd) {
    if (daemon != null) {
      systemd.reloading();
      try {
        daemon.reload();
      } catch (ConfigException bad) {
        LoggerFactory.getLogger("vmpower")
            .error("the configuration stays as it was: {}", bad.getMessage());
      }
      systemd.ready();
    }
  }

  private static int fail(@Nullable String why, int status) {
    System.err.println("vmpowerd: " + why);
    return status;
  }

  /** Somebody wants the daemon to end. */
  private static final class StopRequest {
    private boolean requested;
    private boolean failed;

    synchronized void request() {
      requested = true;
      notifyAll();
    }

    /** Some thread has died of {@code broke}. */
    void fail(Thread thread, Throwable broke) {
      synchronized (this) {
        failed = true;
      }
      request();
      try {
        LoggerFactory.getLogger("vmpower")
            .error("{} broke, so the daemon ends: {}", thread.getName(), broke.toString(), broke);
      } catch (RuntimeException | Error unsaid) {
        // There is no memory left to say it.
      }
    }

    synchronized boolean failed() {
      return failed;
    }

    synchronized void await() {
      while (!requested) {
        try {
          wait();
        } catch (InterruptedException stop) {
          return;
        }
      }
    }
  }
}
