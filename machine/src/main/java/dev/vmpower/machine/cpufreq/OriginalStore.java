package dev.vmpower.machine.cpufreq;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.TreeMap;

/**
 * The originals of all managed frequency domains, in one file that a crash leaves whole.
 *
 * <p>Each save writes a new file beside the old one, forces it to the disk, renames it over the old
 * one and forces the directory: whoever reads it finds all of the old or all of the new originals.
 *
 * <pre>
 *   vmpower-originals 2
 *   boot 5c6d4d8e-…
 *   root /sys/devices/system/cpu
 *   policy 0 governor=userspace setspeed=1700000 min=1200000 max=2601000 capped=false
 *       steer=setspeed epp= boost= driver=acpi-cpufreq      (all on one line)
 *   end 1
 * </pre>
 *
 * <p>Version 1 had no {@code capped}, {@code steer}, {@code epp} and {@code boost}: it knew one way
 * to steer, which leaves limits alone.
 *
 * <p>After a reboot, or for another tree, what it holds is void.
 */
public final class OriginalStore {
  private static final String NAME = "originals";
  private static final String HEAD = "vmpower-originals 2";
  private static final String OLD_HEAD = "vmpower-originals 1";
  private static final int FILE_BYTES_MAX = 4 << 20;

  private final Path file;
  private final String bootId;
  private final String root;

  /**
   * A store in {@code directory}.
   *
   * @param bootId identifies this boot of the machine ({@code /proc/sys/kernel/random/boot_id})
   * @param root the tree that the originals were read from
   */
  public OriginalStore(Path directory, String bootId, String root) {
    this.file = directory.resolve(NAME);
    this.bootId = bootId;
    this.root = root;
  }

  /**
   * Saves {@code originals}, by policy number, in place of all that were saved. None leaves no
   * file, so that what was given back on a full disk is not given back again.
   *
   * @throws IOException if they may not survive a crash
   */
  public void save(Map<Integer, Original> originals) throws IOException {
    if (originals.isEmpty()) {
      if (Files.deleteIfExists(file)) {
        forceDirectory();
      }
      return;
    }
    ByteBuffer bytes = ByteBuffer.wrap(format(originals).getBytes(StandardCharsets.UTF_8));
    Path fresh = file.resolveSibling(NAME + ".new");
    try {
      write(fresh, bytes);
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException refused) {
      try {
        Files.deleteIfExists(fresh);
      } catch (IOException alsoRefused) {
        refused.addSuppressed(alsoRefused);
      }
      throw refused;
    }
    forceDirectory();
  }

  private String format(Map<Integer, Original> originals) throws IOException {
    StringBuilder text = new StringBuilder();
    text.append(HEAD).append("\nboot ").append(line(bootId));
    text.append("\nroot ").append(line(root)).append('\n');
    for (Original original : new TreeMap<>(originals).values()) {
      text.append("policy ").append(original.policy());
      text.append(" governor=").append(word(original.governor()));
      text.append(" setspeed=").append(word(original.setspeed()));
      text.append(" min=").append(original.minKhz());
      text.append(" max=").append(original.maxKhz());
      text.append(" capped=").append(original.capped());
      text.append(" steer=").append(original.steering().word());
      text.append(" epp=").append(word(original.epp()));
      text.append(" boost=").append(word(original.boost()));
      text.append(" driver=").append(line(original.driver())).append('\n');
    }
    return text.append("end ").append(originals.size()).append('\n').toString();
  }

  private static void write(Path fresh, ByteBuffer bytes) throws IOException {
    try (FileChannel out =
        FileChannel.open(
            fresh,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      while (bytes.hasRemaining()) {
        out.write(bytes);
      }
      out.force(true);
    }
  }

  private void forceDirectory() throws IOException {
    try (FileChannel directory = FileChannel.open(file.resolveSibling("."))) {
      directory.force(true);
    }
  }

  // What could not be read back as it is must not be saved as if it could.
  private static String word(String text) throws IOException {
    if (text.contains(" ")) {
      throw new IOException("'" + text + "' cannot be saved: it has a blank");
    }
    return line(text);
  }

  private static String line(String text) throws IOException {
    if (text.contains("\n")) {
      throw new IOException("'" + text + "' cannot be saved: it has two lines");
    }
    return text;
  }

  /**
   * The originals that an earlier daemon left behind in this boot, by policy number.
   *
   * @throws IOException if there is a file that cannot be read or understood: its message says what
   *     to do
   */
  public Map<Integer, Original> load() throws IOException {
    String text;
    try {
      if (Files.size(file) > FILE_BYTES_MAX) {
        throw broken("it is too large");
      }
      text = Files.readString(file);
    } catch (NoSuchFileException none) {
      return Map.of();
    } catch (CharacterCodingException noText) {
      throw broken("it is no text");
    }
    String[] lines = text.split("\n", -1);
    boolean old = lines[0].equals(OLD_HEAD);
    if (!old && !lines[0].equals(HEAD)) {
      throw broken("it does not begin with '" + HEAD + "'");
    }
    // A line counts only if it has its end.
    for (int line = 1; line < Math.min(lines.length - 1, 3); line++) {
      if (!lines[line].equals(line == 1 ? "boot " + bootId : "root " + root)) {
        return Map.of();
      }
    }
    return parse(lines, old);
  }

  private Map<Integer, Original> parse(String[] lines, boolean old) throws IOException {
    Map<Integer, Original> originals = new TreeMap<>();
    int line = 3;
    for (; line < lines.length && lines[line].startsWith("policy "); line++) {
      Original original = parse(lines[line], old);
      originals.put(original.policy(), original);
    }
    if (line >= lines.length || !lines[line].equals("end " + originals.size())) {
      throw broken("line " + (line + 1) + " is not 'end " + originals.size() + "'");
    }
    return originals;
  }

  private Original parse(String line, boolean old) throws IOException {
    try {
      int driver = line.indexOf(" driver=");
      String[] words = line.substring(0, driver).split(" ");
      return new Original(
          Integer.parseInt(words[1]),
          line.substring(driver + " driver=".length()),
          old ? Steering.SETSPEED : Steering.ofWord(value(words[7], "steer=")),
          value(words[2], "governor="),
          value(words[3], "setspeed="),
          Integer.parseInt(value(words[4], "min=")),
          Integer.parseInt(value(words[5], "max=")),
          old || yesOrNo(value(words[6], "capped=")),
          old ? "" : value(words[8], "epp="),
          old ? "" : value(words[9], "boost="));
    } catch (IllegalArgumentException | IndexOutOfBoundsException malformed) {
      throw broken("'" + line + "' is no original");
    }
  }

  private static boolean yesOrNo(String word) {
    if (!word.equals("true") && !word.equals("false")) {
      throw new IllegalArgumentException(word);
    }
    return word.equals("true");
  }

  private static String value(String word, String key) {
    if (!word.startsWith(key)) {
      throw new IllegalArgumentException(word);
    }
    return word.substring(key.length());
  }

  private IOException broken(String why) {
    return new IOException(
        file + " cannot be used: " + why + ". Set the governors by hand, then remove the file");
  }
}
