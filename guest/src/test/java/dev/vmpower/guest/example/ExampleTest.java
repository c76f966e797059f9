package dev.vmpower.guest.example;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vmpower.protocol.Replies;
import dev.vmpower.protocol.ReplyKind;
import dev.vmpower.protocol.RequestPacket;
import dev.vmpower.protocol.Unit;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The example of the documents is this one, and it works. */
@Timeout(30)
class ExampleTest {
  private static final Path CHECKOUT = Path.of(System.getProperty("vmpower.checkout"));
  private static final String FILE = "guest/src/test/java/dev/vmpower/guest/example/Example.java";

  @TempDir Path directory;

  @Test
  void theDocumentShowsThisVeryFile() throws IOException {
    String source = Files.readString(CHECKOUT.resolve(FILE));
    String shown = source.substring(source.indexOf("import"));
    Stream<String> indented = shown.lines().map(line -> line.isEmpty() ? line : "    " + line);

    assertThat(Files.readString(CHECKOUT.resolve("docs/guests.md")))
        .contains(String.join("\n", indented.toList()));
    assertThat(shown.lines()).hasSizeLessThanOrEqualTo(24);
  }

  @Test
  void itAsksForTheMaximumAndThenForTheMinimum() throws Exception {
    Path port = directory.resolve("port");
    try (ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      listener.bind(UnixDomainSocketAddress.of(port));
      CompletableFuture<String> said = CompletableFuture.supplyAsync(() -> run(port));
      try (SocketChannel guest = listener.accept()) {
        ByteBuffer first = request(guest);
        assertThat(new RequestPacket().wrap(first, 0).unit()).isEqualTo(Unit.SCALE_MAX);
        Replies.answerInPlace(first, 0, ReplyKind.ACK);
        guest.write(first);

        assertThat(new RequestPacket().wrap(request(guest), 0).unit()).isEqualTo(Unit.SCALE_MIN);
      }
      assertThat(said.get()).isEqualTo("Full speed: ACK\n");
    }
    assertThat(run(port)).startsWith("no host is attached").endsWith("; working at any speed\n");
  }

  private static ByteBuffer request(SocketChannel guest) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(RequestPacket.SIZE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    while (bytes.hasRemaining()) {
      assertThat(guest.read(bytes)).isPositive();
    }
    return bytes.flip();
  }

  private static synchronized String run(Path port) {
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    PrintStream out = System.out;
    PrintStream err = System.err;
    PrintStream both = new PrintStream(said, true, StandardCharsets.UTF_8);
    System.setOut(both);
    System.setErr(both);
    try {
      Example.main(List.of(port.toString()).toArray(new String[0]));
    } finally {
      System.setOut(out);
      System.setErr(err);
    }
    return said.toString(StandardCharsets.UTF_8);
  }
}
