package dev.vmpower.host;

import dev.vmpower.host.config.ConfigException;
import dev.vmpower.host.config.ConfigFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Many daemons, each on its own host of plain files, in one process, so that one kill ends each at
 * some other moment of its life.
 */
final class ManyDaemons {
  private ManyDaemons() {}

  /** Arguments: {@code run} or {@code restore}, and the configurations; says so once all serve. */
  public static void main(String[] args) throws InterruptedException {
    List<Thread> threads = new ArrayList<>();
    for (int i = 1; i < args.length; i++) {
      Path file = Path.of(args[i]);
      boolean restore = args[0].equals("restore");
      threads.add(Thread.ofPlatform().start(() -> run(restore, file)));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    System.out.println("all");
    Thread.currentThread().join(); // until it is killed
  }

  private static void run(boolean restore, Path file) {
    try {
      if (restore) {
        RunningDaemon.restore(ConfigFile.read(file));
      } else {
        RunningDaemon.start(file, ConfigFile.read(file));
      }
    } catch (IOException | ConfigException failed) {
      System.out.println("failed: " + failed.getMessage());
    }
  }
}
