package dev.vmpower.cli;

import dev.vmpower.guest.PortDirectory;
import dev.vmpower.guest.PortException;
import dev.vmpower.guest.PowerChannel;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.SortedSet;
import java.util.TreeMap;

/** The ports of this VM, each opened when it is first needed and closed at the end. */
final class Ports implements AutoCloseable {
  /** A port for each vCPU: the one of its number. */
  static final int OWN = -1;

  private final PortDirectory directory;
  private final int forAll;
  private final Duration timeout;
  private final TreeMap<Integer, PowerChannel> open = new TreeMap<>();

  /**
   * The ports of a directory.
   *
   * @param forAll the number of the port that speaks for all vCPUs, or {@link #OWN}
   */
  Ports(Path directory, int forAll, Duration timeout) {
    this.directory = new PortDirectory(directory);
    this.forAll = forAll;
    this.timeout = timeout;
  }

  /** The number of the port that speaks for {@code vcpu}. */
  int numberFor(int vcpu) {
    return forAll == OWN ? vcpu : forAll;
  }

  /** The number of a port that speaks for the whole VM: the one for all, else the first. */
  int numberForVm() throws IOException, FailureException {
    if (forAll != OWN) {
      return forAll;
    }
    return numbers().first();
  }

  /** The numbers of the ports that there are, at least one. */
  SortedSet<Integer> numbers() throws IOException, FailureException {
    SortedSet<Integer> numbers = directory.numbers();
    if (numbers.isEmpty()) {
      throw new FailureException(
          FailureException.FAILED,
          "there is no port in "
              + directory.path()
              + ": this VM has no virtio-serial channel named "
              + PortDirectory.NAME_PREFIX
              + "N");
    }
    return numbers;
  }

  PowerChannel channel(int number) throws PortException {
    PowerChannel channel = open.get(number);
    if (channel == null) {
      channel = PowerChannel.open(directory.port(number), timeout);
      open.put(number, channel);
    }
    return channel;
  }

  /** How long a request may take. */
  long timeoutMs() {
    return timeout.toMillis();
  }

  @Override
  public void close() {
    for (PowerChannel channel : open.values()) {
      channel.close();
    }
  }
}
