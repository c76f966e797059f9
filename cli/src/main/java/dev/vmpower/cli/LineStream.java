package dev.vmpower.cli;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** The lines of an HTTP answer as they come: first those of its head, then those in its chunks. */
final class LineStream {
  static final int LINE_BYTES_MAX = 1 << 20;

  private static final int BUFFER_BYTES = 16 << 10;
  private static final int HEX = 16;

  private final ReadableByteChannel channel;
  private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES).limit(0);
  private boolean chunked;
  private int leftOfChunk;

  LineStream(ReadableByteChannel channel) {
    this.channel = channel;
  }

  /** The head is over. */
  void beginBody(boolean chunked) {
    this.chunked = chunked;
  }

  /**
   * The next line, without its end; null where there is no more.
   *
   * @throws IOException if the channel breaks, or this is no such answer
   */
  @Nullable String line() throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    while (true) {
      int b = chunked ? nextOfBody() : next();
      if (b < 0) {
        return line.size() == 0 ? null : text(line);
      }
      if (b == '\n') {
        return text(line);
      }
      if (b != '\r') {
        line.write(b);
      }
      if (line.size() > LINE_BYTES_MAX) {
        throw new IOException("a line has more than " + LINE_BYTES_MAX + " bytes");
      }
    }
  }

  private static String text(ByteArrayOutputStream line) {
    return line.toString(StandardCharsets.UTF_8);
  }

  private int nextOfBody() throws IOException {
    if (leftOfChunk == 0) {
      leftOfChunk = chunkSize();
      if (leftOfChunk == 0) {
        return -1;
      }
    }
    leftOfChunk--;
    return next();
  }

  /** The size in front of a chunk; 0 behind the last one, and where the channel ends. */
  private int chunkSize() throws IOException {
    StringBuilder digits = new StringBuilder();
    for (int b = next(); b >= 0; b = next()) {
      if (b == '\n' && !digits.isEmpty()) {
        try {
          return Integer.parseInt(digits.toString(), HEX);
        } catch (NumberFormatException notANumber) {
          throw new IOException("'" + digits + "' is no size of a chunk", notANumber);
        }
      }
      if (b > ' ') {
        digits.append((char) b);
      }
    }
    return 0;
  }

  private int next() throws IOException {
    while (!buffer.hasRemaining()) {
      if (channel.read(buffer.clear()) < 0) {
        buffer.limit(0);
        return -1;
      }
      buffer.flip();
    }
    return buffer.get() & 0xff;
  }
}
