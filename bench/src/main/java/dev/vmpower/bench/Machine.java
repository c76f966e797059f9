package dev.vmpower.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneId;

/** What it was measured on, in a line. */
record Machine(String text) {
  static Machine read(String program) throws IOException {
    String model =
        Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
            .filter(line -> line.startsWith("model name"))
            .map(line -> line.substring(line.indexOf(':') + 1).strip())
            .findFirst()
            .orElse("CPU of unknown kind");
    return new Machine(
        "%s: %s, %d CPUs, Linux %s, Java %s; load average before it began %s; of %s."
            .formatted(
                LocalDate.now(ZoneId.systemDefault()),
                model,
                Runtime.getRuntime().availableProcessors(),
                System.getProperty("os.version"),
                System.getProperty("java.version"),
                Files.readString(Path.of("/proc/loadavg")).split(" ")[0],
                program));
  }
}
