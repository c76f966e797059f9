package dev.vmpower.machine.sysfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Attributes in a plain directory, and what can be said of the kernel's. */
class DirectorySysfsTest {
  private static final String FILE = "cpufreq/policy0/scaling_setspeed";

  @TempDir Path root;
  private Tree tree;
  private DirectorySysfs sysfs;

  @BeforeEach
  void build() {
    tree = new Tree(root);
    sysfs = new DirectorySysfs(root);
  }

  @ParameterizedTest
  @CsvSource({
    "'1700000\n', 1700000",
    "'1700000', 1700000",
    "'2601000 1200000 \n', 2601000 1200000",
    "'userspace\nperformance\n', userspace",
    "'\n', ''",
    "'', ''",
    "' \t userspace \t\r\n', userspace",
    "'<unsupported>\n', <unsupported>",
  })
  void theFirstLineIsReadWithoutBlanksAtItsEnds(String text, String line) throws Exception {
    tree.put(FILE, text);

    assertThat(sysfs.read(FILE)).isEqualTo(line);
    try (Attribute kept = sysfs.open(FILE, false)) {
      assertThat(kept.reads(line.strip())).isEqualTo(!text.startsWith(" "));
      assertThat(kept.reads(line + "x")).isFalse();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "'0\n', 0",
    "'1700000\n', 1700000",
    "'1700000 \n', 1700000",
    "'1700000', 1700000",
    "'2147483647\n', 2147483647",
    "'2147483648\n', -1",
    "'99999999999999999999999999999999999999999999999999999999999999999999999\n', -1",
    "'<unsupported>\n', -1",
    "'-5\n', -1",
    "'17 00\n', -1",
    "'1.7\n', -1",
    "'\n', -1",
    "'', -1",
  })
  void aNumberIsReadOrIsNone(String text, int number) throws Exception {
    tree.put(FILE, text);
    try (Attribute kept = sysfs.open(FILE, false)) {
      assertThat(kept.readNumber()).isEqualTo(number);
    }
  }

  @Test
  void atMostAPageIsRead() throws Exception {
    tree.put(FILE, "x".repeat(DirectorySysfs.ATTRIBUTE_BYTES_MAX + 10) + "\n");

    assertThat(sysfs.read(FILE)).hasSize(DirectorySysfs.ATTRIBUTE_BYTES_MAX);
    try (Attribute kept = sysfs.open(FILE, false)) {
      assertThat(kept.reads("x".repeat(64))).isTrue();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 9, 10, 1_700_000, Integer.MAX_VALUE})
  void aNumberIsWrittenAsDecimalAndOneNewline(int number) throws Exception {
    tree.put(FILE, "<unsupported>\n");
    try (Attribute kept = sysfs.open(FILE, true)) {
      kept.writeNumber(number);

      assertThat(tree.get(FILE)).isEqualTo(number + "\n");
      assertThat(kept.readNumber()).isEqualTo(number);
    }
  }

  @Test
  void aShorterTextLeavesNothingOfALongerOneThatWasFoundWrittenOrRead() throws Exception {
    tree.put(FILE, "2601000\n");
    try (Attribute kept = sysfs.open(FILE, true)) {
      kept.writeNumber(900_000);
      assertThat(tree.get(FILE)).isEqualTo("900000\n");
      kept.writeNumber(1_200_000);
      tree.put(FILE, "<unsupported>\n");
      assertThat(kept.readNumber()).isEqualTo(Attribute.NOT_A_NUMBER);
      kept.writeNumber(1_200_000);
      assertThat(tree.get(FILE)).isEqualTo("1200000\n");
    }
    sysfs.write(FILE, "performance");
    assertThat(tree.get(FILE)).isEqualTo("performance\n");
    sysfs.write(FILE, "x");
    assertThat(tree.get(FILE)).isEqualTo("x\n");
  }

  @Test
  void aNegativeNumberIsABug() throws Exception {
    tree.put(FILE, "0\n");
    try (Attribute kept = sysfs.open(FILE, true)) {
      assertThatThrownBy(() -> kept.writeNumber(-1)).isInstanceOf(IllegalArgumentException.class);
    }
    assertThat(tree.get(FILE)).isEqualTo("0\n");
  }

  /**
   * A reader at any moment finds digits, never an empty file. (Which digits, no plain file promises
   * while it is written: the kernel's attributes do.)
   */
  @Test
  @Timeout(60)
  void noTruncationIsVisible() throws Exception {
    tree.put(FILE, "1200000\n");
    AtomicBoolean done = new AtomicBoolean();
    Thread writer =
        Thread.ofPlatform()
            .start(
                () -> {
                  try (Attribute kept = sysfs.open(FILE, true)) {
                    for (int i = 0; i < 20_000; i++) {
                      kept.writeNumber(i % 2 == 0 ? 900_000 : 1_200_000);
                      if (i % 10 == 0) {
                        sysfs.write(FILE, i % 20 == 0 ? "900000" : "1200000");
                      }
                    }
                  } catch (SysfsException refused) {
                    throw new AssertionError(refused);
                  } finally {
                    done.set(true);
                  }
                });
    try (Attribute kept = sysfs.open(FILE, false)) {
      while (!done.get()) {
        assertThat(kept.readNumber()).isPositive();
        assertThat(sysfs.read(FILE)).isNotEmpty();
      }
    }
    writer.join();
  }

  @Test
  void aKeptHandleSeesWhatOthersWriteAndIsSeen() throws Exception {
    tree.put(FILE, "1200000\n");
    try (Attribute one = sysfs.open(FILE, true);
        Attribute two = sysfs.open(FILE, false)) {
      assertThat(two.readNumber()).isEqualTo(1_200_000);
      tree.put(FILE, "userspace\n");
      assertThat(one.reads("userspace")).isTrue();
      assertThat(one.reads("userspac")).isFalse();
      assertThat(one.reads("userspace2")).isFalse();
      one.writeNumber(5);
      assertThat(two.readNumber()).isEqualTo(5);
      assertThat(two.readNumber()).isEqualTo(5);
    }
  }

  @Test
  void whatIsMissingIsNotCreated() {
    assertThatThrownBy(() -> sysfs.read(FILE))
        .hasMessage(FILE + ": No such file or directory")
        .extracting(refused -> ((SysfsException) refused).errno())
        .isEqualTo(Errno.ENOENT);
    assertThatThrownBy(() -> sysfs.write(FILE, "x")).hasMessageContaining("No such file");
    assertThatThrownBy(() -> sysfs.open(FILE, true)).hasMessageContaining("No such file");
    assertThat(root).isEmptyDirectory();
  }

  @Test
  void aDirectoryIsNoAttribute() throws IOException {
    Files.createDirectories(root.resolve(FILE));

    assertThatThrownBy(() -> sysfs.read(FILE)).isInstanceOf(SysfsException.class);
    assertThatThrownBy(() -> sysfs.write(FILE, "x")).isInstanceOf(SysfsException.class);
  }

  @Test
  void whatTheKernelRefusesOfAKeptHandleHasItsReason() throws Exception {
    DirectorySysfs devices = new DirectorySysfs(Path.of("/dev"));
    try (Attribute full = devices.open("full", true)) {
      assertThatThrownBy(() -> full.writeNumber(1))
          .hasMessage("full: No space left on device")
          .extracting(refused -> ((SysfsException) refused).errno())
          .isEqualTo(Errno.ENOSPC);
    }
    try (Attribute endless = devices.open("null", true)) {
      assertThatThrownBy(() -> endless.writeNumber(1)) // it is written, but has no end to move
          .extracting(refused -> ((SysfsException) refused).errno())
          .isEqualTo(Errno.EINVAL);
    }
    Files.createDirectories(root.resolve(FILE));
    try (Attribute directory = sysfs.open(FILE, false)) {
      assertThatThrownBy(directory::readNumber).hasMessageContaining("Is a directory");
    }
    assertThatThrownBy(() -> sysfs.open(FILE, true)).hasMessageContaining("Is a directory");
    String endless = "x".repeat(DirectorySysfs.PATH_BYTES_MAX);
    assertThatThrownBy(() -> sysfs.read(endless)).hasMessageContaining("is too long");
    assertThat(sysfs.exists(endless)).isFalse();
    assertThat(sysfs.identity(endless)).isZero();
    DirectorySysfs nowhere = new DirectorySysfs(Path.of("/" + endless));
    assertThatThrownBy(() -> nowhere.read("online")).hasMessage("online: open: File name too long");
  }

  @Test
  void whatIsKeptOpenIsOneDescriptorAndIsGivenBack() throws Exception {
    tree.put(FILE, "1\n");
    int before = descriptors();
    Attribute kept = sysfs.open(FILE, true);
    assertThat(descriptors()).isEqualTo(before + 1);
    sysfs.read(FILE);
    sysfs.exists(FILE);
    sysfs.identity(FILE);
    assertThatThrownBy(() -> sysfs.read("missing")).isInstanceOf(SysfsException.class);
    kept.close();
    assertThat(descriptors()).isEqualTo(before);
  }

  private static int descriptors() throws IOException {
    try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
      return (int) open.count();
    }
  }

  @Test
  void aClosedHandleRefusesWithAReason() throws Exception {
    tree.put(FILE, "1\n");
    Attribute closed = sysfs.open(FILE, true);
    closed.close();
    closed.close();

    assertThatThrownBy(closed::readNumber)
        .isInstanceOf(SysfsException.class)
        .hasMessage(FILE + ": " + ClosedChannelException.class.getName());
    assertThatThrownBy(() -> closed.writeNumber(1)).isInstanceOf(SysfsException.class);
  }

  @Test
  void namesAreListedAndAMissingDirectoryHasNone() {
    tree.put("cpu0/online", "1\n").put("online", "0\n");

    assertThat(sysfs.list("")).containsExactlyInAnyOrder("cpu0", "online");
    assertThat(sysfs.list("cpu0")).containsExactly("online");
    assertThat(sysfs.list("cpu1")).isEmpty();
    assertThat(sysfs.list("online")).isEmpty();
    assertThat(sysfs.exists("cpu0/online")).isTrue();
    assertThat(sysfs.exists("cpu1")).isFalse();
  }

  @Test
  void onlySysfsIsTheKernel() {
    assertThat(sysfs.isKernel()).isFalse();
    assertThat(new DirectorySysfs(root.resolve("missing")).isKernel()).isFalse();
    assertThat(new DirectorySysfs(Path.of("/proc")).isKernel()).isFalse();
    assertThat(new DirectorySysfs(Path.of("/sys/devices/system/cpu")).isKernel()).isTrue();
  }

  /** A real attribute that only reads refuses, for root too, and says why. */
  @Test
  void theKernelRefusesAWriteToWhatOnlyReads() throws Exception {
    DirectorySysfs kernel = new DirectorySysfs(Path.of("/sys/devices/system/cpu"));

    assertThat(kernel.read("online")).startsWith("0");
    SysfsException refused =
        catchThrowableOfType(SysfsException.class, () -> kernel.write("online", "0"));
    assertThat(refused.errno()).isIn(Errno.EACCES, Errno.EROFS);
  }

  @ParameterizedTest
  @CsvSource({
    "Device or resource busy, EBUSY",
    "/sys/x: Device or resource busy, EBUSY",
    "Invalid argument, EINVAL",
    "No such device, ENODEV",
    "Input/output error, EIO",
    "Operation not permitted, EPERM",
    "No space left on device, ENOSPC",
    "No such device or address, OTHER",
    "Connection refused, OTHER",
    "'', OTHER",
  })
  void theReasonIsFoundInTheTextOfTheJdk(String message, Errno errno) {
    assertThat(Errno.of(new IOException(message))).isEqualTo(errno);
    assertThat(Errno.of(new IOException())).isEqualTo(Errno.OTHER);
  }
}
