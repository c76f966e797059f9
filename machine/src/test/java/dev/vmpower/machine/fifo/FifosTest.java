package dev.vmpower.machine.fifo;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.vmpower.machine.cpu.CpuSet;
import java.io.IOException;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real FIFOs of this machine's kernel. */
class FifosTest {
  private static final long WAIT_S = 20;
  private static final int NOBODY = 65_534;

  @TempDir Path directory;
  private final Heard heard = new Heard();

  /** What a listener was told. */
  private static final class Heard implements FifoListener {
    private final LinkedBlockingQueue<String> texts = new LinkedBlockingQueue<>();
    private final ConcurrentLinkedQueue<String> problems = new ConcurrentLinkedQueue<>();

    @Override
    public void received(int number, ByteBuffer bytes) {
      texts.add(number + ":" + US_ASCII.decode(bytes));
    }

    @Override
    public void unusable(int number, String why) {
      problems.add(number + ": " + why);
    }

    String next() throws InterruptedException {
      String text = texts.poll(WAIT_S, TimeUnit.SECONDS);
      assertThat(text).as("nothing came in " + WAIT_S + " s").isNotNull();
      return text;
    }
  }

  @Test
  void whatWritersWriteIsHandedOnWhereverTheyWriteAndHoweverOftenTheyCome() throws Exception {
    try (Fifos fifos = Fifos.open(directory, CpuSet.parse("0,7"), heard)) {
      fifos.start();
      assertThat(fifos.numbers()).isEqualTo(CpuSet.parse("0,7"));
      for (int i = 0; i < 3; i++) {
        write(7, "hello " + i);
        assertThat(heard.next()).isEqualTo("7:hello " + i);
      }
      write(0, "other");
      assertThat(heard.next()).isEqualTo("0:other");
    }
    assertThat(heard.problems).isEmpty();
  }

  @Test
  void aLongTextComesWholeAndDoesNotKeepOthersWaiting() throws Exception {
    String text = "x".repeat(4 * Fifos.READ_BYTES_MAX);
    try (Fifos fifos = Fifos.open(directory, CpuSet.parse("0-1"), heard)) {
      fifos.start();
      write(0, text);
      write(1, "y");
      StringBuilder all = new StringBuilder();
      boolean other = false;
      while (all.length() < text.length() || !other) {
        String one = heard.next();
        assertThat(one).hasSizeLessThanOrEqualTo(Fifos.READ_BYTES_MAX + 2);
        other |= one.equals("1:y");
        all.append(one.startsWith("0:") ? one.substring(2) : "");
      }
      assertThat(all.toString()).isEqualTo(text);
    }
  }

  @Test
  void aFifoIsItsOwnersAloneAndGoesWithTheOneWhoMadeIt() throws Exception {
    Path fresh = directory.resolve("deep/er");
    long descriptors = openDescriptors();
    try (Fifos fifos = Fifos.open(fresh, CpuSet.parse("3"), heard)) {
      fifos.start();
      assertThat(mode(fresh.resolve("fifo3"))).isEqualTo("rw-------");
      assertThat(mode(fresh)).isEqualTo("rwxr-xr-x");
    }
    assertThat(fresh).isEmptyDirectory();
    assertThat(openDescriptors()).isEqualTo(descriptors);
  }

  @Test
  void oneThatWasThereIsTakenAndLeft() throws Exception {
    mkfifo("fifo2", "600");
    try (Fifos fifos = Fifos.open(directory, CpuSet.parse("2"), heard)) {
      fifos.start();
      write(2, "hello");
      assertThat(heard.next()).isEqualTo("2:hello");
    }
    assertThat(directory.resolve("fifo2")).exists();
  }

  @Test
  void whatTookThePlaceOfOneIsLeft() throws Exception {
    try (Fifos fifos = Fifos.open(directory, CpuSet.parse("0"), heard)) {
      fifos.start();
      Files.delete(directory.resolve("fifo0"));
      Files.writeString(directory.resolve("fifo0"), "not ours");
    }
    assertThat(directory.resolve("fifo0")).hasContent("not ours");
  }

  @Test
  void whatIsNoFifoOfOursIsRefusedWithOneLineAndLeft() throws Exception {
    Files.writeString(directory.resolve("fifo0"), "text");
    mkfifo("elsewhere", "600");
    Files.createSymbolicLink(directory.resolve("fifo1"), directory.resolve("elsewhere"));
    mkfifo("fifo2", "620");
    mkfifo("fifo3", "604");
    Files.createDirectory(directory.resolve("fifo4"));
    try (ServerSocketChannel socket = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      socket.bind(UnixDomainSocketAddress.of(directory.resolve("fifo5")));

      try (Fifos fifos = Fifos.open(directory, CpuSet.parse("0-6"), heard)) {
        assertThat(fifos.numbers()).isEqualTo(CpuSet.parse("6"));
      }
    }
    assertThat(heard.problems)
        .containsExactly(
            "0: " + directory + "/fifo0 is no FIFO: remove it",
            "1: " + directory + "/fifo1 is a symbolic link: remove it",
            "2: " + directory + "/fifo2 is not its owner's alone (620): chmod 600 it",
            "3: " + directory + "/fifo3 is not its owner's alone (604): chmod 600 it",
            "4: " + directory + "/fifo4 is no FIFO: remove it",
            "5: " + directory + "/fifo5 is no FIFO: remove it");
    assertThat(directory.resolve("fifo0")).hasContent("text");
  }

  @Test
  void aFifoOfAnotherUserIsRefused() throws Exception {
    assumeThat(System.getProperty("user.name")).isEqualTo("root");
    mkfifo("fifo0", "600");
    Files.setAttribute(directory.resolve("fifo0"), "unix:uid", NOBODY);

    try (Fifos fifos = Fifos.open(directory, CpuSet.parse("0"), heard)) {
      assertThat(fifos.numbers().isEmpty()).isTrue();
    }
    assertThat(heard.problems.peek()).contains("belongs to uid 65534");
  }

  @Test
  void aDirectoryThatOthersCouldChangeIsRefused() throws Exception {
    Path open = Files.createDirectory(directory.resolve("open"));
    Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx"));
    refuses(open, "chmod go-w or chmod +t it");
    Files.setAttribute(open, "unix:mode", 01777);
    Fifos.open(open, CpuSet.parse("0"), heard).close();

    Path file = Files.writeString(directory.resolve("file"), "");
    refuses(file, "is no directory");
    refuses(file.resolve("below"), "cannot be made: Not a directory");
    refuses(Files.createSymbolicLink(directory.resolve("link"), open), "is a symbolic link");
    assertThat(heard.problems).isEmpty();
  }

  @Test
  void aDirectoryOfAnotherUserIsRefused() throws Exception {
    assumeThat(System.getProperty("user.name")).isEqualTo("root");
    Path theirs = Files.createDirectory(directory.resolve("theirs"));
    Path below = Files.createDirectory(theirs.resolve("below"));
    Files.setAttribute(theirs, "unix:uid", NOBODY);

    refuses(theirs, "uid 65534 may replace FIFOs in " + theirs);
    refuses(below, "uid 65534 may replace " + below);
  }

  private void refuses(Path where, String why) {
    assertThatThrownBy(() -> Fifos.open(where, CpuSet.parse("0"), heard))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(why);
    assertThat(where.resolve("fifo0")).doesNotExist();
  }

  private void write(int number, String text) throws IOException {
    try (OutputStream out = Files.newOutputStream(directory.resolve("fifo" + number))) {
      out.write(text.getBytes(US_ASCII));
    }
  }

  private void mkfifo(String name, String mode) throws Exception {
    Path path = directory.resolve(name);
    for (List<String> command :
        List.of(List.of("mkfifo", path.toString()), List.of("chmod", mode, path.toString()))) {
      assertThat(new ProcessBuilder(command).inheritIO().start().waitFor()).isZero();
    }
  }

  private static String mode(Path path) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
  }

  private static long openDescriptors() throws IOException {
    try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
      return all.count();
    }
  }
}
