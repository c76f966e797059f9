package dev.vmpower.lab;

import static dev.vmpower.protocol.ReplyKind.ACK;
import static dev.vmpower.protocol.ReplyKind.NACK;

import dev.vmpower.protocol.Command;
import dev.vmpower.protocol.ReplyKind;
import dev.vmpower.protocol.RequestPacket;
import dev.vmpower.protocol.Unit;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * A VM of the soak, on a thread of its own: it asks, restarts, hangs up and sends junk, and knows
 * which reply and which frequency must come of it.
 *
 * <p>On a disturbed VM operators and others lay their hands too: there only the form of replies is
 * checked until it is left alone.
 */
final class SoakVm implements Runnable {
  static final int CHANNELS = 4;

  private static final Unit[] UNITS = {
    Unit.SCALE_UP, Unit.SCALE_DOWN, Unit.SCALE_MAX, Unit.SCALE_MIN
  };
  private static final String[] LADDER = PlainCpuTree.LADDER.strip().split(" ");
  private static final long PAUSE_NS_MAX = 60_000_000L;
  private static final long DOWN_NS_MAX = 300_000_000L;
  private static final long GIVEN_BACK_NS_MAX = 10_000_000_000L; // a second, on an idle host
  private static final long LOOK_NS = 1_000_000L;
  private static final int WRONG_KEPT_MAX = 20;
  private static final int COMMAND_AT = 12;

  private final String name;
  private final int firstCpu;
  private final PlainCpuTree tree;
  private final boolean disturbed;
  private final Random random;
  private final List<SoakChannel> channels = new ArrayList<>();
  private final int[] index = new int[CHANNELS]; // on the ladder, as it must be

  private volatile boolean stopping;

  // Read by the sampler too.
  final AtomicLong requests = new AtomicLong();
  final AtomicLong restarts = new AtomicLong();
  final AtomicLong wrongs = new AtomicLong();
  final List<String> wrong = new ArrayList<>();

  SoakVm(
      String name, Path directory, int firstCpu, PlainCpuTree tree, boolean disturbed, long seed) {
    this.name = name;
    this.firstCpu = firstCpu;
    this.tree = tree;
    this.disturbed = disturbed;
    this.random = new Random(seed);
    for (int i = 0; i < CHANNELS; i++) {
      channels.add(new SoakChannel(directory.resolve(name + "." + i)));
    }
  }

  int firstCpu() {
    return firstCpu;
  }

  void stop() {
    stopping = true;
  }

  @Override
  public void run() {
    try {
      start();
      while (!stopping) {
        live();
        LockSupport.parkNanos(this, random.nextLong(PAUSE_NS_MAX));
      }
    } catch (IOException | RuntimeException broken) {
      fail(broken.toString());
    }
  }

  private void live() throws IOException {
    int dice = random.nextInt(1000);
    int vcpu = random.nextInt(CHANNELS);
    if (dice < 4) {
      restart();
    } else if (dice < 12) {
      hangUp(vcpu);
    } else if (dice < 20) {
      sendJunk(vcpu);
    } else if (dice < 60) {
      expect(NACK, channels.get(vcpu).ask(Unit.SCALE_MIN, CHANNELS + random.nextInt(100)));
    } else if (dice < 160) {
      query(vcpu);
    } else {
      ask(vcpu);
    }
  }

  private void ask(int vcpu) throws IOException {
    Unit unit = UNITS[random.nextInt(UNITS.length)];
    ReplyKind reply = channels.get(vcpu).ask(unit, vcpu);
    requests.incrementAndGet();
    int last = LADDER.length - 1;
    index[vcpu] =
        switch (unit) {
          case SCALE_MAX -> 0;
          case SCALE_MIN -> last;
          case SCALE_UP -> Math.max(index[vcpu] - 1, 0);
          default -> Math.min(index[vcpu] + 1, last);
        };
    if (disturbed) {
      return;
    }
    expect(ACK, reply);
    String speed = tree.speed(firstCpu + vcpu);
    if (!speed.equals(LADDER[index[vcpu]])) {
      fail("vCPU " + vcpu + ": " + unit + " is " + speed + ", not " + LADDER[index[vcpu]]);
    }
  }

  private void query(int vcpu) throws IOException {
    boolean freq = random.nextBoolean();
    ReplyKind reply =
        channels.get(vcpu).query(freq ? Command.QUERY_FREQ : Command.QUERY_CAPS_LIST, vcpu);
    requests.incrementAndGet();
    if (!disturbed) {
      expect(freq ? ReplyKind.FREQ_LIST : ReplyKind.CAPS_LIST, reply);
    }
  }

  private void expect(ReplyKind expected, ReplyKind reply) {
    requests.incrementAndGet();
    if (reply != expected && !(disturbed && reply == NACK)) {
      fail("a reply is " + reply + ", not " + expected);
    }
  }

  private void sendJunk(int vcpu) throws IOException {
    if (random.nextBoolean()) { // half a packet, and gone
      channels.get(vcpu).write(ByteBuffer.allocate(1 + random.nextInt(400)));
      hangUp(vcpu);
    } else { // a whole one that means nothing
      byte[] junk = new byte[RequestPacket.SIZE_BYTES];
      random.nextBytes(junk);
      junk[COMMAND_AT] = (byte) 0xee;
      channels.get(vcpu).write(ByteBuffer.wrap(junk));
      ask(vcpu); // its answer must be the next
    }
  }

  private void hangUp(int vcpu) throws IOException {
    channels.get(vcpu).hangUp();
    channels.get(vcpu).awaitDaemon();
    ask(vcpu, Unit.SCALE_MAX);
  }

  private void ask(int vcpu, Unit unit) throws IOException {
    ReplyKind reply = channels.get(vcpu).ask(unit, vcpu);
    index[vcpu] = 0;
    expect(ACK, reply);
  }

  private void restart() throws IOException {
    end();
    restarts.incrementAndGet();
    if (!disturbed) {
      awaitGivenBack();
    }
    LockSupport.parkNanos(this, random.nextLong(DOWN_NS_MAX));
    start();
  }

  private void start() throws IOException {
    for (SoakChannel channel : channels) {
      channel.listen();
    }
    for (int vcpu = 0; vcpu < CHANNELS; vcpu++) {
      channels.get(vcpu).awaitDaemon();
      channels.get(vcpu).send(Command.CONNECT, Unit.UNKNOWN, vcpu);
      index[vcpu] = 0;
    }
  }

  /** Ends the VM. */
  void end() throws IOException {
    for (SoakChannel channel : channels) {
      channel.close();
    }
  }

  private void awaitGivenBack() {
    long untilNs = System.nanoTime() + GIVEN_BACK_NS_MAX;
    for (int cpu = firstCpu; cpu < firstCpu + CHANNELS; cpu++) {
      while (!tree.speed(cpu).equals(PlainCpuTree.GOVERNOR)) {
        if (System.nanoTime() > untilNs) {
          fail("pCPU " + cpu + " was not given back");
          return;
        }
        LockSupport.parkNanos(this, LOOK_NS);
      }
    }
  }

  /** After all disturbance: every vCPU asks once more and must be obeyed. */
  void lastWord() throws IOException {
    for (int vcpu = 0; vcpu < CHANNELS; vcpu++) {
      expect(ACK, channels.get(vcpu).ask(Unit.SCALE_MIN, vcpu));
      if (!tree.speed(firstCpu + vcpu).equals(PlainCpuTree.MIN)) {
        fail("pCPU " + (firstCpu + vcpu) + " does not obey at the end");
      }
    }
  }

  private synchronized void fail(String what) {
    wrongs.incrementAndGet();
    if (wrong.size() < WRONG_KEPT_MAX) {
      wrong.add(name + ": " + what);
    }
  }
}
