package dev.vmpower.host.energy;

import java.io.IOException;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What each hour used, in {@code lib/energy}: a line of numbers for each, and a month of them. A
 * line that cannot be read is left out.
 */
final class EnergyFile {
  private static final Logger LOG = LoggerFactory.getLogger("vmpower.energy");

  private static final int FILE_BYTES_MAX = 128 << 20;
  private static final int FIXED_WORDS = 7;
  private static final int VM_WORDS = 3;

  private final Path file;

  EnergyFile(Path directory) {
    this.file = directory.resolve("energy");
  }

  /** The hours that are kept, by their number since 1970. */
  SortedMap<Long, Usage> load() {
    SortedMap<Long, Usage> hours = new TreeMap<>();
    try {
      if (Files.size(file) > FILE_BYTES_MAX) {
        throw new IOException("it is larger than " + FILE_BYTES_MAX + " bytes");
      }
      for (String line : Files.readString(file).split("\n", -1)) {
        parse(line, hours);
      }
    } catch (NoSuchFileException none) {
      return hours;
    } catch (IOException unreadable) {
      LOG.warn("{} cannot be read, so reports begin now: {}", file, unreadable.getMessage());
    }
    return hours;
  }

  private static void parse(String line, Map<Long, Usage> hours) {
    String[] words = line.split(" ", -1);
    if (words.length < FIXED_WORDS || (words.length - FIXED_WORDS) % VM_WORDS != 0) {
      return;
    }
    try {
      Map<String, Usage.Part> vms = new TreeMap<>();
      for (int i = FIXED_WORDS; i < words.length && vms.size() < Usage.VMS_MAX; i += VM_WORDS) {
        vms.put(
            URLDecoder.decode(words[i], StandardCharsets.UTF_8),
            new Usage.Part(number(words[i + 1]), number(words[i + 2])));
      }
      Usage usage =
          new Usage(
              number(words[1]),
              words[2].equals("measured"),
              number(words[3]),
              number(words[4]),
              number(words[5]),
              number(words[6]),
              vms);
      hours.put(Long.parseLong(words[0]), usage);
    } catch (IllegalArgumentException torn) {
      return;
    }
  }

  private static double number(String word) {
    double number = Double.parseDouble(word);
    if (!(number >= 0 && number < Double.MAX_VALUE)) {
      throw new NumberFormatException(word);
    }
    return number;
  }

  /** Saves {@code hours} in place of all that were saved. */
  void save(SortedMap<Long, Usage> hours) throws IOException {
    StringBuilder text = new StringBuilder();
    hours.forEach((hour, usage) -> format(hour, usage, text));
    Path fresh = file.resolveSibling("energy.new");
    Files.writeString(fresh, text);
    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  private static void format(long hour, Usage usage, StringBuilder text) {
    text.append(hour)
        .append(text(usage.seconds()))
        .append(usage.measured() ? " measured" : " estimated")
        .append(text(usage.joules()))
        .append(text(usage.savedJoules()))
        .append(text(usage.cpuS()))
        .append(text(usage.savedCpuS()));
    usage
        .vms()
        .forEach(
            (vm, part) ->
                text.append(' ')
                    .append(URLEncoder.encode(vm, StandardCharsets.UTF_8))
                    .append(text(part.joules()))
                    .append(text(part.cpuS())));
    text.append('\n');
  }

  private static String text(double number) {
    return String.format(Locale.ROOT, " %.3f", number);
  }
}
