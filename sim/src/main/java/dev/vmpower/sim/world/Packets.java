package dev.vmpower.sim.world;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.SplittableRandom;

/** Packets as guests send them: mostly well-formed, sometimes hostile. */
final class Packets {
  private static final int UNIT = 8;
  private static final int COMMAND = 12;
  private static final int TAG = 16;
  private static final int VCPUS = 144;
  private static final int VCPU_COUNT = 152;
  private static final int BUSY_HOURS = 156;
  private static final int QUIET_HOURS = 252;
  private static final int CORE_TYPE = 444;
  private static final int WORKLOAD = 448;
  private static final int POLICY_KIND = 452;
  private static final int[] QUERIES = {7, 8, 9, 10};

  private final SplittableRandom random;
  private long tag = 1;

  Packets(SplittableRandom random) {
    this.random = random;
  }

  byte[] next(int port, int vcpus) {
    byte[] bytes = new byte[Rules.PACKET_BYTES];
    ByteBuffer packet = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int dice = random.nextInt(100);
    if (dice < 4) {
      for (int i = 0; i < bytes.length; i += Long.BYTES) {
        packet.putLong(i, random.nextLong());
      }
      packet.putInt(COMMAND, random.nextInt(12));
      packet.putInt(UNIT, random.nextInt(8));
    } else if (dice < 62) {
      boolean own = random.nextInt(4) > 0;
      packet.putLong(0, own ? port : random.nextInt(vcpus + 1));
      packet.putInt(UNIT, 1 + random.nextInt(6));
      packet.putInt(COMMAND, 1);
    } else if (dice < 70) {
      packet.putInt(COMMAND, 2);
    } else if (dice < 80) {
      policy(packet, vcpus);
    } else if (dice < 84) {
      packet.putInt(COMMAND, 4);
    } else {
      packet.putLong(0, random.nextInt(vcpus + 1));
      packet.putInt(COMMAND, QUERIES[random.nextInt(QUERIES.length)]);
    }
    packet.putLong(TAG, tag++);
    return bytes;
  }

  private void policy(ByteBuffer packet, int vcpus) {
    packet.putInt(COMMAND, 3);
    int count = random.nextInt(3);
    packet.put(VCPU_COUNT, (byte) (random.nextInt(20) == 0 ? 9 : count));
    for (int i = 0; i < count; i++) {
      packet.put(VCPUS + i, (byte) random.nextInt(vcpus + (random.nextInt(8) == 0 ? 1 : 0)));
    }
    packet.put(CORE_TYPE, (byte) (random.nextInt(20) == 0 ? 1 : 0));
    packet.putInt(POLICY_KIND, random.nextInt(5));
    packet.putInt(WORKLOAD, random.nextInt(4));
    int hours = random.nextInt(6);
    for (int i = 0; i < hours; i++) {
      packet.putInt(BUSY_HOURS + 4 * i, random.nextInt(random.nextInt(30) == 0 ? 25 : 24));
      packet.putInt(QUIET_HOURS + 4 * random.nextInt(hours), random.nextInt(24));
    }
  }
}
