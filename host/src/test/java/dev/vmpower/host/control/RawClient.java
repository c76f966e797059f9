package dev.vmpower.host.control;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** One connection to the control socket that sends exactly the bytes that a test wants. */
final class RawClient implements AutoCloseable {
  record Answer(int status, String head, String body) {}

  private final SocketChannel socket;

  RawClient(Path path) throws IOException {
    socket = SocketChannel.open(StandardProtocolFamily.UNIX);
    socket.connect(UnixDomainSocketAddress.of(path));
  }

  static Answer get(Path path, String target) throws IOException {
    return once(
        path, "GET " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  }

  static Answer post(Path path, String target, String body) throws IOException {
    return once(path, postText(target, body, "Connection: close\r\n"));
  }

  static String postText(String target, String body, String headers) {
    int length = body.getBytes(StandardCharsets.UTF_8).length;
    return "POST "
        + target
        + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
        + length
        + "\r\n"
        + headers
        + "\r\n"
        + body;
  }

  static Answer once(Path path, String request) throws IOException {
    try (RawClient client = new RawClient(path)) {
      client.send(request);
      return client.answer();
    }
  }

  void send(String text) throws IOException {
    ByteBuffer bytes = StandardCharsets.UTF_8.encode(text);
    while (bytes.hasRemaining()) {
      socket.write(bytes);
    }
  }

  /** Sends {@code text} if the connection is still there. */
  void trySend(String text) {
    try {
      send(text);
    } catch (IOException ended) {
      // Whoever asks will see that.
    }
  }

  /** Whether the server has ended the connection by now. */
  boolean hasEnded() {
    try {
      socket.configureBlocking(false);
      int read = socket.read(ByteBuffer.allocate(1));
      socket.configureBlocking(true);
      return read < 0;
    } catch (IOException reset) {
      return true;
    }
  }

  /** Ends the sending side only. */
  void halfClose() throws IOException {
    socket.shutdownOutput();
  }

  /** Reads one answer with a Content-Length. */
  Answer answer() throws IOException {
    ByteArrayOutputStream received = new ByteArrayOutputStream();
    ByteBuffer one = ByteBuffer.allocate(1);
    while (!received.toString(StandardCharsets.UTF_8).endsWith("\r\n\r\n")) {
      if (socket.read(one.clear()) < 0) {
        throw new IOException("ended in the head: " + received);
      }
      received.write(one.get(0));
    }
    String head = received.toString(StandardCharsets.UTF_8);
    int at = head.indexOf("Content-Length: ") + "Content-Length: ".length();
    ByteBuffer body =
        ByteBuffer.allocate(Integer.parseInt(head.substring(at, head.indexOf('\r', at))));
    while (body.hasRemaining()) {
      if (socket.read(body) < 0) {
        throw new IOException("ended in the body of " + head);
      }
    }
    return new Answer(
        Integer.parseInt(head.substring(9, 12)),
        head,
        new String(body.array(), StandardCharsets.UTF_8));
  }

  /** Whether the server has ended the connection; waits for a byte or the end. */
  boolean ended() throws IOException {
    return socket.read(ByteBuffer.allocate(1)) < 0;
  }

  /**
   * For another user's process: SOCKET COUNT METHOD PATH BODY. Connects COUNT times at once, sends
   * the same on each, and prints status and body of each answer as a line, or that it ended. For
   * METHOD HOLD each connection gets half a head, and is kept until there is a line on stdin.
   */
  public static void main(String[] args) throws IOException {
    RawClient[] clients = new RawClient[Integer.parseInt(args[1])];
    for (int i = 0; i < clients.length; i++) {
      clients[i] = new RawClient(Path.of(args[0]));
    }
    if (args[2].equals("HOLD")) {
      for (RawClient client : clients) {
        client.trySend("GET /v1/cpus HTTP/1.1\r\n");
      }
      System.out.println("held");
      var unused = System.in.read();
      return;
    }
    String body = args[2].equals("POST") ? postText(args[3], args[4], "") : "";
    String get = args[2] + " " + args[3] + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for (RawClient client : clients) {
      try {
        client.send(body.isEmpty() ? get : body);
        Answer answer = client.answer();
        System.out.print(answer.status() + " " + answer.body());
      } catch (IOException ended) {
        System.out.println("ended");
      }
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
