package dev.vmpower.machine.socket;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Directories of sockets that others could, or could not, put theirs into. */
class SocketDirectoryTest {
  private static final int NOBODY = 65534;
  private static final int DAEMON = 1;

  @TempDir Path temporary;
  private Path above;
  private Path sockets;

  @BeforeEach
  void build() throws IOException {
    above = Files.createDirectory(temporary.toRealPath().resolve("above"));
    sockets = Files.createDirectory(above.resolve("sockets"));
    mode(above, 0755);
    mode(sockets, 0755);
  }

  @ParameterizedTest
  @ValueSource(ints = {0700, 0750, 0755, 0711, 0555, 01755})
  void oneThatOnlyItsOwnerWritesIsTrusted(int mode) throws IOException {
    mode(sockets, mode);
    assertThat(SocketDirectory.distrust(sockets)).isNull();
  }

  @ParameterizedTest
  @CsvSource({"0777, rwxrwxrwx", "1777, rwxrwxrwx", "0757, rwxr-xrwx", "0702, rwx----w-"})
  void oneThatOthersWriteIsNotTrusted(String mode, String shown) throws IOException {
    mode(sockets, Integer.parseInt(mode, 8));
    assertThat(SocketDirectory.distrust(sockets))
        .isEqualTo("others may write to " + sockets + " (" + shown + "): chmod go-w it");
  }

  @Test
  void aGroupMayWriteOnlyIfItIsRoots() throws IOException {
    assumeRoot();
    mode(sockets, 0775);
    assertThat(SocketDirectory.distrust(sockets)).isNull();
    Files.setAttribute(sockets, "unix:gid", DAEMON);
    assertThat(SocketDirectory.distrust(sockets)).startsWith("others may write to " + sockets);
  }

  @Test
  void aDirectoryAboveThatOthersWriteIsNotTrustedUnlessSticky() throws IOException {
    mode(above, 0777);
    assertThat(SocketDirectory.distrust(sockets))
        .isEqualTo("others may replace " + sockets + ": chmod go-w " + above);
    mode(above, 01777);
    assertThat(SocketDirectory.distrust(sockets)).isNull();
  }

  @Test
  void itsOwnerMayOwnWhatIsAboveItAndSoMayRoot() throws IOException {
    assumeRoot();
    Files.setAttribute(sockets, "unix:uid", NOBODY);
    assertThat(SocketDirectory.distrust(sockets)).isNull();
    assertThat(SocketDirectory.ownerUid(sockets)).isEqualTo(NOBODY);
    Files.setAttribute(above, "unix:uid", NOBODY);
    assertThat(SocketDirectory.distrust(sockets)).isNull();
  }

  @Test
  void anotherUserMayNotOwnWhatIsAboveIt() throws IOException {
    assumeRoot();
    Files.setAttribute(above, "unix:uid", NOBODY);
    assertThat(SocketDirectory.distrust(sockets))
        .isEqualTo("uid 65534 may replace " + sockets + ": it owns " + above);
    Files.setAttribute(sockets, "unix:uid", DAEMON);
    assertThat(SocketDirectory.distrust(sockets)).isNotNull();
  }

  @Test
  void aSymbolicLinkIsWhereItLeads() throws IOException {
    Path link = Files.createSymbolicLink(temporary.resolve("link"), sockets);
    assertThat(SocketDirectory.distrust(link)).isNull();
    mode(above, 0777);
    assertThat(SocketDirectory.distrust(link)).contains(sockets.toString());
  }

  @Test
  void whatIsNoDirectoryIsNotTrustedAndWhatIsMissingIsNotThere() throws IOException {
    Path file = Files.createFile(above.resolve("file"));
    assertThat(SocketDirectory.distrust(file)).isEqualTo(file + " is no directory");
    assertThatThrownBy(() -> SocketDirectory.distrust(above.resolve("missing")))
        .isInstanceOf(NoSuchFileException.class);
  }

  private static void assumeRoot() throws IOException {
    assumeTrue((int) Files.getAttribute(Path.of("/proc/self"), "unix:uid") == 0, "needs root");
  }

  private static void mode(Path path, int mode) throws IOException {
    Files.setAttribute(path, "unix:mode", mode);
  }
}
