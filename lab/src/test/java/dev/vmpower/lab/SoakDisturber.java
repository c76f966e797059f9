package dev.vmpower.lab;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * Lays hands on some VMs of the soak: holds, disabled channels, another program's governor, pCPUs
 * that go offline with their frequency domain; and leaves control connections half open.
 */
final class SoakDisturber implements Runnable {
  private static final long PAUSE_NS = 150_000_000L;
  private static final int HALF_OPEN_MAX = 8;
  private static final int ANSWER_BYTES_MAX = 1 << 20;

  private final Path socket;
  private final PlainCpuTree tree;
  private final List<SoakVm> victims;
  private final String allOnline;
  private final Random random;
  private final List<SocketChannel> halfOpen = new ArrayList<>();

  private volatile boolean stopping;
  final AtomicLong disturbances = new AtomicLong();
  volatile String broken = "";

  SoakDisturber(Path socket, PlainCpuTree tree, List<SoakVm> victims, String allOnline, long seed) {
    this.socket = socket;
    this.tree = tree;
    this.victims = victims;
    this.allOnline = allOnline;
    this.random = new Random(seed);
  }

  void stop() {
    stopping = true;
  }

  @Override
  public void run() {
    try {
      while (!stopping) {
        SoakVm victim = victims.get(random.nextInt(victims.size()));
        int cpu = victim.firstCpu() + random.nextInt(SoakVm.CHANNELS);
        disturb(cpu, "s" + victim.firstCpu() / SoakVm.CHANNELS);
        disturbances.incrementAndGet();
      }
      for (SocketChannel open : halfOpen) {
        open.close();
      }
    } catch (IOException | RuntimeException failed) {
      broken = failed.toString();
    }
  }

  private void disturb(int cpu, String vm) throws IOException {
    switch (random.nextInt(5)) {
      case 0 -> {
        post("/v1/cpus/set", "{\"cpus\":\"" + cpu + "\",\"level\":\"1700000\"}");
        pause();
        post("/v1/cpus/release", "{\"cpus\":\"" + cpu + "\"}");
      }
      case 1 -> {
        String body = "{\"vm\":\"" + vm + "\",\"channels\":\"all\"}";
        post("/v1/channels/disable", body);
        pause();
        post("/v1/channels/enable", body);
      }
      case 2 -> anotherGovernor(cpu);
      case 3 -> offline(cpu);
      default -> {
        halfOpen.add(open("POST /v1/pause HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{"));
        if (halfOpen.size() > HALF_OPEN_MAX) {
          halfOpen.removeFirst().close();
        }
        open("\0\1\2 junk\r\n\r\n").close();
        if (!request("GET", "/v1/status", "").startsWith("HTTP/1.1 200")) {
          throw new IOException("no status");
        }
      }
    }
    pause();
  }

  // Where it is ours at that moment; what it then becomes is the daemon's business again.
  private void anotherGovernor(int cpu) throws IOException {
    if (tree.read(cpu, "scaling_governor").equals("userspace")) {
      tree.write(cpu, "scaling_governor", "powersave");
      pause();
      tree.write(cpu, "scaling_governor", PlainCpuTree.GOVERNOR);
      request("POST", "/v1/cpus/reclaim", "{\"cpus\":\"" + cpu + "\"}");
    }
  }

  private void offline(int cpu) throws IOException {
    Path policy = tree.root().resolve("cpufreq/policy" + cpu);
    Path aside = tree.root().resolve("aside" + cpu);
    String rest = cpu == 0 ? "1-" : "0-" + (cpu - 1) + "," + (cpu + 1) + "-";
    String last = allOnline.substring(allOnline.indexOf('-') + 1);
    boolean isLast = last.equals(Integer.toString(cpu));
    tree.write("online", isLast ? "0-" + (cpu - 1) : rest + last);
    Files.move(policy, aside);
    pause();
    Files.move(aside, policy);
    tree.write("online", allOnline);
  }

  private void pause() {
    LockSupport.parkNanos(this, PAUSE_NS + random.nextLong(PAUSE_NS));
  }

  /** Undoes what may be left. */
  void calm() throws IOException {
    for (SoakVm victim : victims) {
      for (int i = 0; i < SoakVm.CHANNELS; i++) {
        String cpu = "{\"cpus\":\"" + (victim.firstCpu() + i) + "\"}";
        request("POST", "/v1/cpus/release", cpu);
        request("POST", "/v1/cpus/reclaim", cpu);
      }
    }
  }

  private void post(String path, String body) throws IOException {
    String answer = request("POST", path, body);
    if (!answer.startsWith("HTTP/1.1 200") && !answer.startsWith("HTTP/1.1 409")) {
      throw new IOException(path + " " + body + ": " + answer);
    }
  }

  private String request(String method, String path, String body) throws IOException {
    String head =
        "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"
            .formatted(method, path, body.length(), body);
    try (SocketChannel client = open(head)) {
      ByteBuffer answer = ByteBuffer.allocate(ANSWER_BYTES_MAX);
      while (client.read(answer) >= 0) {
        // To its end.
      }
      return StandardCharsets.UTF_8.decode(answer.flip()).toString();
    }
  }

  private SocketChannel open(String begin) throws IOException {
    SocketChannel client = SocketChannel.open(StandardProtocolFamily.UNIX);
    client.connect(UnixDomainSocketAddress.of(socket));
    ByteBuffer bytes = StandardCharsets.UTF_8.encode(begin);
    while (bytes.hasRemaining()) {
      client.write(bytes);
    }
    return client;
  }
}
