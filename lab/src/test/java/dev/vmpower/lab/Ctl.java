package dev.vmpower.lab;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** The operator's hand: {@code vmpowerctl} on one daemon's control socket. */
record Ctl(Path socket) {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /** Runs a verb such as {@code cpu set 0 max} and returns how it ended. */
  Command run(String... verb) {
    List<String> words =
        new ArrayList<>(List.of(Checkout.launcher(), "ctl", "--socket", socket.toString()));
    words.addAll(List.of(verb));
    words.addAll(List.of("-o", "json"));
    return Command.run(PATIENCE, words);
  }

  /**
   * Runs a verb that must work, and returns its JSON.
   *
   * @throws IllegalStateException if it fails
   */
  String json(String... verb) {
    return run(verb).output();
  }

  /** What Prometheus would read, in its text format. */
  String metrics() {
    try (SocketChannel connection = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
      String request = "GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n";
      connection.write(ByteBuffer.wrap(request.getBytes(StandardCharsets.UTF_8)));
      byte[] answer = Channels.newInputStream(connection).readAllBytes();
      return new String(answer, StandardCharsets.UTF_8).split("\r\n\r\n", 2)[1];
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
