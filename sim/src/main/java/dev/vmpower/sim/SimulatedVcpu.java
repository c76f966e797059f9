package dev.vmpower.sim;

import dev.vmpower.protocol.Command;
import dev.vmpower.protocol.Replies;
import dev.vmpower.protocol.ReplyKind;
import dev.vmpower.protocol.RequestPacket;
import dev.vmpower.protocol.Unit;
import java.io.EOFException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;

/**
 * One vCPU of a simulated VM: the socket that its VM's QEMU would listen on, and behind it an
 * application that asks for more or less speed as its load goes up and down, as DPDK's
 * power-managed applications do.
 */
final class SimulatedVcpu implements AutoCloseable {
  private static final int TICK_MS = 40;
  private static final int TIMEOUT_MS = 2_000;

  /** Its load differs from its plan by up to this. */
  private static final double NOISE = 0.045;

  /** How far the load must be beyond a level before it asks for another one. */
  private static final double SLACK = 0.03;

  /** Its day lags behind that of the vCPU before it by so many hours. */
  private static final double LAG_HOURS = 0.4;

  private static final double IDLE = 0.07;
  private static final double BUSY = 0.93;

  /** A vCPU number that no VM of the demo has. */
  private static final int NOBODYS_VCPU = 6;

  private static final double GREEDY_EVERY_HOURS = 3;

  private final VmPlan plan;
  private final int number;
  private final Path socket;
  private final DayClock clock;
  private final Histogram answerNs;
  private final SplittableRandom random;
  private final int[] levelsKhz = SimulatedHost.levelsKhz();
  private final int top;
  private final CountDownLatch quiet = new CountDownLatch(1);
  private final CountDownLatch listening = new CountDownLatch(1);
  private final Thread thread = Thread.ofPlatform().name("vcpu").daemon().unstarted(this::run);

  private final ByteBuffer bytes =
      ByteBuffer.allocateDirect(RequestPacket.SIZE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
  private final RequestPacket packet = new RequestPacket().wrap(bytes, 0);
  private int level;
  private double greedyAtHours;
  private volatile boolean connected;

  /**
   * The vCPU {@code number} of a VM, with a socket in {@code directory}.
   *
   * @param answerNs takes the time from each request to its reply
   */
  SimulatedVcpu(VmPlan plan, int number, Path directory, DayClock clock, Histogram answerNs) {
    this.plan = plan;
    this.number = number;
    this.socket = directory.resolve(plan.name() + "." + number);
    this.clock = clock;
    this.answerNs = answerNs;
    this.random = new SplittableRandom(plan.name().hashCode() + number);
    this.top = plan.turbo() ? 0 : 1;
  }

  /** Starts it, and returns when its socket is there, if the VM is switched on. */
  void start() throws InterruptedException {
    thread.start();
    if (!listening.await(TIMEOUT_MS, TimeUnit.MILLISECONDS)) {
      throw new IllegalStateException(socket + " does not listen");
    }
  }

  /** Whether the daemon is connected to it. */
  boolean isConnected() {
    return connected;
  }

  private void run() {
    try {
      while (quiet.getCount() > 0) {
        if (plan.isOnAt(hour())) {
          serve();
        } else {
          listening.countDown();
        }
        pause();
      }
    } catch (InterruptedException ended) {
      Thread.currentThread().interrupt();
    }
  }

  private double hour() {
    return DayClock.hourOfDay(clock.hours());
  }

  /** True if it is to ask no more. */
  private boolean pause() throws InterruptedException {
    return quiet.await(TICK_MS, TimeUnit.MILLISECONDS);
  }

  private void serve() throws InterruptedException {
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(socket));
      listening.countDown();
      try (SocketChannel daemon = server.accept()) {
        connected = true;
        live(daemon);
      } finally {
        connected = false;
        Files.deleteIfExists(socket);
      }
    } catch (IOException hungUp) {
      // The daemon is gone, or this is to end: where it is not, the next round listens anew.
    }
  }

  private void live(SocketChannel daemon) throws IOException, InterruptedException {
    packet.clear().command(Command.CONNECT);
    send(daemon);
    level = 0;
    if (!plan.turbo()) {
      ask(daemon, number, Unit.DISABLE_TURBO);
      level = top;
    }
    greedyAtHours = clock.hours() + GREEDY_EVERY_HOURS / 2;
    while (plan.isOnAt(hour())) {
      if (pause()) {
        awaitHangUp(daemon);
        return;
      }
      follow(daemon);
    }
  }

  private void awaitHangUp(SocketChannel daemon) throws IOException {
    bytes.clear();
    while (daemon.read(bytes) >= 0) {
      bytes.clear();
    }
  }

  private void follow(SocketChannel daemon) throws IOException {
    double load = load();
    Unit unit = wish(load);
    if (unit != Unit.UNKNOWN && ask(daemon, number, unit) == ReplyKind.ACK) {
      level =
          switch (unit) {
            case SCALE_MAX -> top;
            case SCALE_MIN -> levelsKhz.length - 1;
            case SCALE_UP -> level - 1;
            default -> level + 1;
          };
    }
    if (plan.greedy() && number == 0 && clock.hours() >= greedyAtHours) {
      greedyAtHours += GREEDY_EVERY_HOURS;
      ask(daemon, NOBODYS_VCPU, Unit.SCALE_MAX);
    }
  }

  private double load() {
    double hour = DayClock.hourOfDay(clock.hours() + VmPlan.HOURS - number * LAG_HOURS);
    return plan.loadAt(hour) + random.nextDouble(-NOISE, NOISE);
  }

  /** What to ask for; {@link Unit#UNKNOWN} for nothing. */
  private Unit wish(double load) {
    int bottom = levelsKhz.length - 1;
    if (load > BUSY) {
      return level == top ? Unit.UNKNOWN : Unit.SCALE_MAX;
    }
    if (load < IDLE) {
      return level == bottom ? Unit.UNKNOWN : Unit.SCALE_MIN;
    }
    if (level > top && load > fullAt(level) + SLACK) {
      return Unit.SCALE_UP;
    }
    return level < bottom && load < fullAt(level + 1) - SLACK ? Unit.SCALE_DOWN : Unit.UNKNOWN;
  }

  /** The load up to which a level does: from none at the lowest to all at the highest. */
  private double fullAt(int index) {
    int lowestKhz = levelsKhz[levelsKhz.length - 1];
    return (double) (levelsKhz[index] - lowestKhz) / (levelsKhz[0] - lowestKhz);
  }

  private ReplyKind ask(SocketChannel daemon, int vcpu, Unit unit) throws IOException {
    packet.clear().command(Command.CPU_POWER).resourceId(vcpu).unit(unit);
    long beganNs = System.nanoTime();
    send(daemon);
    bytes.clear();
    while (bytes.hasRemaining()) {
      if (daemon.read(bytes) < 0) {
        throw new EOFException();
      }
    }
    answerNs.recordValue(
        Math.min(System.nanoTime() - beganNs, answerNs.getHighestTrackableValue()));
    return Replies.kind(bytes, 0);
  }

  private void send(SocketChannel daemon) throws IOException {
    bytes.clear();
    while (bytes.hasRemaining()) {
      daemon.write(bytes);
    }
  }

  /** Asks for nothing any more, but stays connected until the daemon hangs up. */
  void stopAsking() {
    quiet.countDown();
  }

  @Override
  public void close() {
    quiet.countDown();
    thread.interrupt();
    try {
      thread.join(TIMEOUT_MS);
    } catch (InterruptedException stopWaiting) {
      Thread.currentThread().interrupt();
    }
  }
}
