package dev.vmpower.cli;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * One HTTP/1.1 request over an AF_UNIX socket, by hand: a client library takes ten times as long to
 * load as the daemon takes to answer.
 */
final class ControlClient {
  /** An answer, its body as it came. */
  static final class Answer {
    private final int status;
    private final byte[] body;

    Answer(int status, byte[] body) {
      this.status = status;
      this.body = body;
    }

    int status() {
      return status;
    }

    byte[] body() {
      return body;
    }
  }

  static final int ANSWER_BYTES_MAX = 64 << 20;

  /** The daemon itself gives up after 10 s for the body and 10 s for the answer. */
  private static final int PATIENCE_MS = 25_000;

  /**
   * A stream of events that is silent for so long, or up to twice that, is lost: the daemon sends a
   * comment at least every 15 s.
   */
  static final int SILENCE_MS_MAX = 30_000;

  private static final int BUFFER_BYTES = 16 << 10;

  private static final String BROKEN = "the answer of the daemon is no HTTP: ";

  private final Path path;
  private final int patienceMs;
  private final int silenceMs;

  ControlClient(Path path) {
    this(path, PATIENCE_MS);
  }

  ControlClient(Path path, int patienceMs) {
    this(path, patienceMs, SILENCE_MS_MAX);
  }

  ControlClient(Path path, int patienceMs, int silenceMs) {
    this.path = path;
    this.patienceMs = patienceMs;
    this.silenceMs = silenceMs;
  }

  /**
   * Asks and waits for the answer.
   *
   * @param body JSON, or null for a GET
   * @throws FailureException if there is no daemon to ask, or no answer
   */
  Answer ask(String target, @Nullable String body) throws FailureException {
    try (SocketChannel socket = SocketChannel.open(StandardProtocolFamily.UNIX);
        Patience patience = Patience.with(socket, patienceMs)) {
      connect(socket);
      send(socket, target, body);
      return parse(receive(socket));
    } catch (AsynchronousCloseException late) {
      throw failed("no answer from " + path + " within " + patienceMs / 1000 + " s");
    } catch (IOException failed) {
      throw failed("lost the daemon at " + path + ": " + failed.getMessage());
    }
  }

  /** What an endless answer goes to, line by line. False ends it. */
  interface Lines {
    boolean take(String line) throws FailureException;
  }

  /**
   * Asks for an answer without an end, and passes its lines on until it ends or is ended.
   *
   * @throws FailureException if there is no daemon to ask, it refuses, or is lost
   */
  void follow(String target, Lines lines) throws FailureException {
    try (SocketChannel socket = SocketChannel.open(StandardProtocolFamily.UNIX);
        Patience patience = Patience.with(socket, silenceMs)) {
      connect(socket);
      send(socket, target, null);
      LineStream stream = new LineStream(socket);
      String head = stream.line();
      if (head == null || head.length() < 12 || !head.startsWith("HTTP/1.")) {
        throw failed(BROKEN + "it does not begin so");
      }
      boolean good = head.startsWith("200", 9);
      while (!head.isEmpty()) {
        head = stream.line();
        if (head == null) {
          throw failed(BROKEN + "it ends too soon");
        }
      }
      stream.beginBody(good);
      for (String line = stream.line(); line != null; line = stream.line()) {
        if (!good) {
          throw failed(Row.of(Json.read(line.getBytes(StandardCharsets.UTF_8))).text("error"));
        }
        if (!lines.take(line)) {
          return;
        }
        patience.renew();
      }
    } catch (AsynchronousCloseException silent) {
      throw failed("nothing from the daemon at " + path + " for " + silenceMs / 1000 + " s");
    } catch (IOException failed) {
      throw failed("lost the daemon at " + path + ": " + failed.getMessage());
    }
  }

  private void connect(SocketChannel socket) throws FailureException {
    try {
      socket.connect(UnixDomainSocketAddress.of(path));
    } catch (AsynchronousCloseException late) {
      throw failed("nobody accepts at " + path + " within " + patienceMs / 1000 + " s");
    } catch (IOException | IllegalArgumentException unreachable) {
      throw failed(whyNot(String.valueOf(unreachable.getMessage())));
    }
  }

  private String whyNot(String message) {
    String why = message.toLowerCase(Locale.ROOT);
    if (why.contains("permission denied")) {
      return "no permission for " + path + ": be root, or a member of the group vmpower";
    }
    if (why.contains("temporarily unavailable")) {
      return "the daemon at " + path + " is too busy to accept: try again";
    }
    if (why.contains("no such file") || why.contains("connection refused")) {
      return "no daemon at "
          + path
          + ": start it (systemctl start vmpowerd), or name another with --socket";
    }
    return "cannot reach a daemon at " + path + ": " + message;
  }

  private static void send(SocketChannel socket, String target, @Nullable String body)
      throws IOException {
    byte[] content = body == null ? new byte[0] : body.getBytes(StandardCharsets.UTF_8);
    StringBuilder head = new StringBuilder();
    head.append(body == null ? "GET " : "POST ").append(target).append(" HTTP/1.1\r\n");
    head.append("Host: localhost\r\nConnection: close\r\n");
    if (body != null) {
      head.append("Content-Type: application/json\r\n");
      head.append("Content-Length: ").append(content.length).append("\r\n");
    }
    byte[] start = head.append("\r\n").toString().getBytes(StandardCharsets.US_ASCII);
    ByteBuffer request = ByteBuffer.allocate(start.length + content.length);
    request.put(start).put(content).flip();
    while (request.hasRemaining()) {
      socket.write(request);
    }
  }

  /** All that comes until the daemon, as it was asked to, ends the connection. */
  private static byte[] receive(SocketChannel socket) throws IOException, FailureException {
    ByteArrayOutputStream received = new ByteArrayOutputStream();
    ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
    while (socket.read(buffer.clear()) >= 0) {
      received.write(buffer.array(), 0, buffer.position());
      if (received.size() > ANSWER_BYTES_MAX) {
        throw failed("the answer has more than " + ANSWER_BYTES_MAX + " bytes");
      }
    }
    return received.toByteArray();
  }

  /** Takes an answer apart: status line, headers, and a body of known length or in chunks. */
  static Answer parse(byte[] received) throws FailureException {
    int end = endOfHead(received);
    if (end < 0) {
      throw failed(BROKEN + (received.length == 0 ? "nothing came" : "it ends too soon"));
    }
    String head = new String(received, 0, end, StandardCharsets.ISO_8859_1);
    if (!head.startsWith("HTTP/1.") || head.length() < 12) {
      throw failed(BROKEN + "it does not begin so");
    }
    int status = decimal(head.substring(9, 12), 10);
    int bodyAt = end + 4;
    if (header(head, "transfer-encoding").equals("chunked")) {
      return new Answer(status, joinChunks(received, bodyAt));
    }
    String length = header(head, "content-length");
    int bytes = length.isEmpty() ? received.length - bodyAt : decimal(length, 10);
    if (bytes > received.length - bodyAt) {
      throw failed(BROKEN + "it ends too soon");
    }
    byte[] body = new byte[bytes];
    System.arraycopy(received, bodyAt, body, 0, bytes);
    return new Answer(status, body);
  }

  private static int endOfHead(byte[] received) {
    for (int i = 0; i + 3 < received.length; i++) {
      if (received[i] == '\r'
          && received[i + 1] == '\n'
          && received[i + 2] == '\r'
          && received[i + 3] == '\n') {
        return i;
      }
    }
    return -1;
  }

  private static String header(String head, String name) {
    int at = head.toLowerCase(Locale.ROOT).indexOf("\r\n" + name + ":");
    if (at < 0) {
      return "";
    }
    int from = at + name.length() + 3;
    int to = head.indexOf("\r\n", from);
    return head.substring(from, to < 0 ? head.length() : to).strip().toLowerCase(Locale.ROOT);
  }

  private static byte[] joinChunks(byte[] received, int from) throws FailureException {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    int at = from;
    while (true) {
      int lineEnd = at;
      while (lineEnd < received.length && received[lineEnd] != '\r') {
        lineEnd++;
      }
      String line = new String(received, at, lineEnd - at, StandardCharsets.ISO_8859_1);
      int extension = line.indexOf(';');
      int size = decimal(extension < 0 ? line : line.substring(0, extension), 16);
      if (size == 0) {
        return body.toByteArray();
      }
      at = lineEnd + 2;
      if (size > received.length - at - 2) {
        throw failed(BROKEN + "it ends too soon");
      }
      body.write(received, at, size);
      at += size + 2;
    }
  }

  private static int decimal(String digits, int radix) throws FailureException {
    try {
      int number = Integer.parseInt(digits.strip(), radix);
      if (number >= 0) {
        return number;
      }
    } catch (NumberFormatException notANumber) {
      // Said below.
    }
    throw failed(BROKEN + "'" + digits + "' is no number");
  }

  private static FailureException failed(String line) {
    return new FailureException(FailureException.FAILED, line);
  }
}
