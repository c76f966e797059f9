package dev.vmpower.bench.nio;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * The load generator where there is no gcc: does, takes and prints what {@code c/load.c} does. It
 * takes more time for itself, so what it sees of both sides is longer.
 */
public final class Generator {
  private static final long MS_NS = 1_000_000;
  private static final int FLOODER = Guests.CHANNELS_PER_VM;

  private String kind;
  private final long roundNs;
  private long[] latencyNs = new long[65_536];
  private int latencies;

  private Generator(String kind, int ms) {
    this.kind = kind;
    this.roundNs = ms * MS_NS;
  }

  public static void main(String[] args) throws IOException {
    if (args.length < 5) {
      System.err.println("usage: KIND CHANNELS PER_DOMAIN MS NAME=DIRECTORY,TREE...");
      System.exit(2);
    }
    List<Guests> all = new ArrayList<>();
    for (String target : Arrays.asList(args).subList(4, args.length)) {
      String[] parts = target.split("[=,]");
      all.add(
          new Guests(
              parts[0],
              Path.of(parts[1]),
              Path.of(parts[2]),
              Integer.parseInt(args[1]),
              Integer.parseInt(args[2]),
              args[0].equals("refused")));
    }
    try {
      new Generator(args[0], Integer.parseInt(args[3])).serve(all);
    } catch (IOException wrong) {
      System.err.println("load: " + wrong.getMessage());
      System.exit(1);
    }
    System.exit(0);
  }

  private void serve(List<Guests> all) throws IOException {
    BufferedReader orders =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    System.out.println("listening");
    String line = orders.readLine();
    if (line == null) {
      return;
    }
    String[] pids = line.strip().split(" ");
    for (int i = 0; i < all.size(); i++) {
      all.get(i).accept(Long.parseLong(pids[i]));
    }
    System.out.println("connected");
    for (line = orders.readLine(); line != null; line = orders.readLine()) {
      String[] order = line.split(" ");
      int some = Integer.parseInt(order[1]);
      kind = order[2];
      for (int round = 0; round < Integer.parseInt(order[0]); round++) {
        for (int i = 0; i < some; i++) {
          // Who comes first changes, so that neither always follows the other's noise.
          measure(all.get((i + round) % some), round);
        }
      }
      System.out.println("done");
    }
  }

  private void measure(Guests guests, int round) throws IOException {
    latencies = 0;
    long cpuNs = guests.cpuNs();
    long writes = guests.writeCalls();
    long beginNs = System.nanoTime();
    play(guests, beginNs + roundNs);
    long elapsedNs = System.nanoTime() - beginNs;
    cpuNs = guests.cpuNs() - cpuNs;
    writes = guests.writeCalls() - writes;
    if (!kind.equals("flooded")) {
      guests.checkSpeeds();
    }
    Arrays.sort(latencyNs, 0, latencies);
    String head = "target=" + guests.name() + " round=" + round + " requests=" + latencies;
    String costs = " elapsed_ns=" + elapsedNs + " cpu_ns=" + cpuNs + " writes=" + writes;
    String trips =
        " p50_ns=%d p90_ns=%d p99_ns=%d max_ns=%d".formatted(at(0.5), at(0.9), at(0.99), at(1));
    System.out.println(head + costs + (latencies > 0 ? trips : ""));
  }

  private long at(double part) {
    return latencyNs[Math.clamp((long) (part * latencies), 0, Math.max(latencies - 1, 0))];
  }

  private void play(Guests guests, long endNs) throws IOException {
    switch (kind) {
      case "paced" -> paced(guests, endNs, MS_NS);
      case "polite" -> paced(guests, endNs, 10 * MS_NS);
      case "flooded" -> flooded(guests, endNs);
      case "bursts" -> bursts(guests, endNs);
      case "one-of-many" -> {
        saturated(guests, System.nanoTime());
        saturated(guests, System.nanoTime()); // MAX, and now MIN
        latencies = 0;
        paced(guests, System.nanoTime() + roundNs, MS_NS);
      }
      default -> saturated(guests, endNs);
    }
  }

  private void add(long ns) {
    if (latencies == latencyNs.length) {
      latencyNs = Arrays.copyOf(latencyNs, 2 * latencies);
    }
    latencyNs[latencies++] = ns;
  }

  private static void sleepUntil(long dueNs) {
    for (long left = dueNs - System.nanoTime(); left > 0; left = dueNs - System.nanoTime()) {
      LockSupport.parkNanos(left);
    }
  }

  private void paced(Guests guests, long endNs, long periodNs) throws IOException {
    for (long dueNs = System.nanoTime(); dueNs < endNs; dueNs += periodNs) {
      sleepUntil(dueNs);
      guests.ask(0);
      add(guests.awaitAnswer(0));
    }
  }

  private void bursts(Guests guests, long endNs) throws IOException {
    for (long dueNs = System.nanoTime(); dueNs < endNs; dueNs += 20 * MS_NS) {
      sleepUntil(dueNs);
      saturated(guests, System.nanoTime());
    }
  }

  // All ask at once; while it may, each asks again at once when it is answered.
  private void saturated(Guests guests, long endNs) throws IOException {
    int waiting = guests.channels();
    for (int i = 0; i < waiting; i++) {
      guests.ask(i);
    }
    while (waiting > 0) {
      var selected = guests.awaitAnswers().selectedKeys();
      boolean more = System.nanoTime() < endNs;
      for (SelectionKey key : selected) {
        int channel = (Integer) key.attachment();
        add(guests.takeAnswer(channel));
        if (more) {
          guests.ask(channel);
        } else {
          waiting--;
        }
      }
      selected.clear();
    }
  }

  private void flooded(Guests guests, long endNs) throws IOException {
    guests.ignore(FLOODER);
    Flood flood = new Flood(guests.socket(FLOODER));
    try {
      paced(guests, endNs, 10 * MS_NS);
    } finally {
      flood.end();
    }
  }

  /** A guest that sends all it can and reads nothing: whoever answers it must not wait for it. */
  private static final class Flood implements Runnable {
    private static final long PAUSE_NS = 20_000;

    // Where the last flood ended, perhaps in mid-packet.
    private static final ByteBuffer PACKETS = packets();

    private final SocketChannel socket;
    private final Thread thread;
    private volatile boolean stop;

    Flood(SocketChannel socket) {
      this.socket = socket;
      thread = Thread.ofPlatform().start(this);
    }

    private static ByteBuffer packets() {
      ByteBuffer packets = ByteBuffer.allocateDirect(8 * Guests.PACKET_BYTES);
      for (int i = 0; i < 8; i++) {
        packets.put(i * Guests.PACKET_BYTES + 8, (byte) (3 + i % 2)); // MAX and MIN of vCPU 0
        packets.put(i * Guests.PACKET_BYTES + 12, (byte) 1); // CPU_POWER
      }
      return packets;
    }

    @Override
    public void run() {
      try {
        while (!stop) {
          if (socket.write(PACKETS) == 0) {
            LockSupport.parkNanos(PAUSE_NS);
          }
          if (!PACKETS.hasRemaining()) {
            PACKETS.clear();
          }
        }
      } catch (IOException gone) {
        System.err.println("load: the flooded host hung up: " + gone);
        System.exit(1);
      }
    }

    void end() {
      stop = true;
      try {
        thread.join();
      } catch (InterruptedException interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
