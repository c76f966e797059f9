package dev.vmpower.machine.cpufreq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Saved originals on a real file system, whole, cut and damaged. */
class OriginalStoreTest {
  private static final String BOOT = "5c6d4d8e-0000-4000-8000-000000000001";
  private static final String ROOT = "/sys/devices/system/cpu";
  private static final Map<Integer, Original> ORIGINALS =
      Map.of(
          0, original(0, "schedutil", "<unsupported>", "acpi-cpufreq"),
          2, original(2, "userspace", "1700000", "acpi-cpufreq"),
          10, original(10, "performance", "", ""),
          11, original(11, "x", "0", "a driver=with blanks"),
          12,
              new Original(
                  12,
                  "amd-pstate-epp",
                  Steering.POWERSAVE_LIMITS,
                  "powersave",
                  "",
                  400_000,
                  4_463_000,
                  false,
                  "balance_performance",
                  "1"));

  private static Original original(int policy, String governor, String setspeed, String driver) {
    return new Original(
        policy, driver, Steering.SETSPEED, governor, setspeed, 1_400_000, 2_300_000, true, "", "");
  }

  @TempDir Path directory;

  @Test
  void whatIsSavedIsLoadedByAnotherDaemonOfTheSameBoot() throws IOException {
    store().save(ORIGINALS);

    assertThat(store().load()).isEqualTo(ORIGINALS);
    assertThat(names()).containsExactly("originals");
  }

  @Test
  void theFileIsTheOneThatIsDescribed() throws IOException {
    store().save(Map.of(2, original(2, "userspace", "1700000", "acpi-cpufreq")));

    assertThat(file())
        .hasContent(
            """
            vmpower-originals 2
            boot 5c6d4d8e-0000-4000-8000-000000000001
            root /sys/devices/system/cpu
            policy 2 governor=userspace setspeed=1700000 min=1400000 max=2300000 capped=true \
            steer=setspeed epp= boost= driver=acpi-cpufreq
            end 1
            """);
  }

  @Test
  void whatAnEarlierVersionSavedIsStillRead() throws IOException {
    Files.writeString(
        file(),
        """
        vmpower-originals 1
        boot 5c6d4d8e-0000-4000-8000-000000000001
        root /sys/devices/system/cpu
        policy 2 governor=userspace setspeed=1700000 min=1400000 max=2300000 driver=acpi-cpufreq
        end 1
        """);

    assertThat(store().load())
        .isEqualTo(Map.of(2, original(2, "userspace", "1700000", "acpi-cpufreq")));
  }

  @Test
  void aSaveReplacesWhatWasSaved() throws IOException {
    store().save(ORIGINALS);
    Map<Integer, Original> fewer = new HashMap<>(ORIGINALS);
    fewer.remove(0);
    store().save(fewer);

    assertThat(store().load()).isEqualTo(fewer);
  }

  @Test
  void nothingSavedLeavesNoFile() throws IOException {
    store().save(Map.of());
    assertThat(names()).isEmpty();
    store().save(ORIGINALS);
    store().save(Map.of());
    assertThat(names()).isEmpty();
    assertThat(store().load()).isEmpty();
  }

  @Test
  void afterARebootOrForAnotherTreeTheyAreVoid() throws IOException {
    store().save(ORIGINALS);

    assertThat(new OriginalStore(directory, "another-boot", ROOT).load()).isEmpty();
    assertThat(new OriginalStore(directory, BOOT, "/another/tree").load()).isEmpty();
    assertThat(store().load()).isEqualTo(ORIGINALS);
  }

  @Test
  void aDamagedFileOfAnEarlierBootIsVoidToo() throws IOException {
    store().save(ORIGINALS);
    Files.writeString(file(), Files.readString(file()).replace("end 5", "en"));

    assertThat(new OriginalStore(directory, "another-boot", ROOT).load()).isEmpty();
    assertThatThrownBy(() -> store().load()).hasMessageContaining("line 9 is not 'end 5'");
  }

  @Test
  void aFileCutAnywhereNeverGivesWrongOriginals() throws IOException {
    store().save(ORIGINALS);
    byte[] whole = Files.readAllBytes(file());
    int refused = 0;
    for (int length = 0; length < whole.length; length++) {
      Files.write(file(), Arrays.copyOf(whole, length));
      try {
        // Only the last newline may be missing.
        assertThat(store().load()).as("cut at %d", length).isEqualTo(ORIGINALS);
        assertThat(length).isEqualTo(whole.length - 1);
      } catch (IOException broken) {
        refused++;
        assertThat(broken).hasMessageStartingWith(file() + " cannot be used: ");
        assertThat(broken).hasMessageEndingWith("Set the governors by hand, then remove the file");
      }
    }
    assertThat(refused).isEqualTo(whole.length - 1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "policy",
        "policy x governor=a setspeed=b min=1 max=2 driver=d",
        "policy 1 setspeed=b governor=a min=1 max=2 driver=d",
        "policy 1 governor=a setspeed=b min=1 max=x driver=d",
        "policy 1 governor=a setspeed=b min=1 driver=d",
        "policy 1 governor=a setspeed=b min=1 max=2",
        "policy 1 governor=a setspeed=b min=1 max=2 driver=d",
        "policy 1 governor=a setspeed=b min=1 max=2 capped=x steer=limits epp= boost= driver=d",
        "policy 1 governor=a setspeed=b min=1 max=2 capped=true steer=x epp= boost= driver=d",
        "junk",
      })
  void aLineThatIsNoOriginalIsRefused(String line) throws IOException {
    String head = "vmpower-originals 2\nboot " + BOOT + "\nroot " + ROOT + "\n";
    Files.writeString(file(), head + line + "\nend 1\n");

    assertThatThrownBy(() -> store().load())
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith(file() + " cannot be used: ");
  }

  @Test
  void whatIsNoTextOrTooLargeIsRefused() throws IOException {
    Files.write(file(), new byte[] {(byte) 0xff, (byte) 0xfe});
    assertThatThrownBy(() -> store().load()).hasMessageContaining("it is no text");
    Files.write(file(), new byte[(4 << 20) + 1]);
    assertThatThrownBy(() -> store().load()).hasMessageContaining("it is too large");
    Files.writeString(file(), "vmpower-originals 3\n");
    assertThatThrownBy(() -> store().load()).hasMessageContaining("does not begin with");
  }

  @Test
  void whatCouldNotBeReadBackIsNotSaved() throws IOException {
    store().save(ORIGINALS);
    for (Original odd :
        new Original[] {
          original(0, "two words", "1", "d"),
          original(0, "two\nlines", "1", "d"),
          original(0, "g", "1 2", "d"),
          original(0, "g", "1", "d\ne"),
        }) {
      assertThatThrownBy(() -> store().save(Map.of(0, odd)))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("cannot be saved");
    }
    assertThat(store().load()).isEqualTo(ORIGINALS);
  }

  /** Root may write anywhere, so a directory in the way stands for a directory not writable. */
  @Test
  void aSaveThatFailsKeepsWhatWasSavedAndLeavesNothing() throws IOException {
    store().save(ORIGINALS);
    Path inTheWay = Files.createDirectory(directory.resolve("originals.new"));
    assertThatThrownBy(() -> store().save(Map.of(7, original(7, "g", "1", "d"))))
        .isInstanceOf(IOException.class);
    assertThat(store().load()).isEqualTo(ORIGINALS);
    Files.deleteIfExists(inTheWay);

    Files.delete(file());
    Path blocked = Files.createDirectories(file().resolve("blocked")).getParent();
    assertThatThrownBy(() -> store().save(ORIGINALS)).isInstanceOf(IOException.class);
    assertThat(blocked).isNotEmptyDirectory();
    assertThat(names()).containsExactly("originals");
    assertThatThrownBy(() -> store().load()).isInstanceOf(IOException.class);
  }

  @Test
  void aDirectoryThatIsNotThereIsRefused() {
    OriginalStore nowhere = new OriginalStore(directory.resolve("missing"), BOOT, ROOT);

    assertThatThrownBy(() -> nowhere.save(ORIGINALS)).isInstanceOf(IOException.class);
  }

  /** Procfs refuses a new file also to root. */
  @Test
  void aDirectoryThatIsNotWritableIsRefused() {
    OriginalStore readOnly = new OriginalStore(Path.of("/proc"), BOOT, ROOT);

    assertThatThrownBy(() -> readOnly.save(ORIGINALS)).isInstanceOf(IOException.class);
  }

  @Test
  void whatACrashLeftBesideItIsOverwritten() throws IOException {
    Files.writeString(directory.resolve("originals.new"), "x".repeat(10_000));
    store().save(ORIGINALS);

    assertThat(store().load()).isEqualTo(ORIGINALS);
    assertThat(names()).containsExactly("originals");
  }

  private OriginalStore store() {
    return new OriginalStore(directory, BOOT, ROOT);
  }

  private Path file() {
    return directory.resolve("originals");
  }

  private String[] names() {
    return directory.toFile().list();
  }
}
