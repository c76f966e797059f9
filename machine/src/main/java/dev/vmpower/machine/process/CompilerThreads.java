package dev.vmpower.machine.process;

import dev.vmpower.machine.libc.WordCall;
import java.io.IOException;
import java.lang.invoke.MethodHandle;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** The JVM's threads that compile. */
public final class CompilerThreads {
  /** What setpriority(2) is told of them: a tenth of the share that others have. */
  static final int NICE = 10;

  // As the kernel cuts names off; "Training replay" decides what the others do first.
  private static final String NAMES = "(C[12] CompilerThre|Training replay).*";
  private static final Path TASKS = Path.of("/proc/self/task");
  private static final long PRIO_PROCESS = 0;

  private CompilerThreads() {}

  /**
   * Has them give way to all other threads: a guest that waits for an answer does not wait for
   * them, least of all at the start. Those that come later inherit it.
   *
   * @return how many there are
   */
  public static int giveWay() {
    MethodHandle setPriority = WordCall.handle("setpriority");
    int count = 0;
    try (DirectoryStream<Path> tasks = Files.newDirectoryStream(TASKS)) {
      for (Path task : tasks) {
        if (Files.readString(task.resolve("comm")).strip().matches(NAMES)) {
          long thread = Long.parseLong(task.getFileName().toString());
          long unused = (long) setPriority.invokeExact(PRIO_PROCESS, thread, (long) NICE, 0L, 0L);
          count++;
        }
      }
    } catch (IOException ended) {
      // One of them did just now; it is no loss.
    } catch (Throwable impossible) {
      throw new AssertionError("setpriority does not throw", impossible);
    }
    return count;
  }
}
