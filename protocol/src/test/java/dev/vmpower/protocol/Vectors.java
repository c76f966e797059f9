package dev.vmpower.protocol;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** What a real DPDK 22.11 guest sent, and replies that its library took. */
final class Vectors {
  private Vectors() {}

  static ByteBuffer read(String name) {
    try (InputStream in = Vectors.class.getResourceAsStream("/vectors/" + name + ".bin")) {
      if (in == null) {
        throw new IllegalArgumentException("no vector " + name);
      }
      return ByteBuffer.wrap(in.readAllBytes()).order(ByteOrder.LITTLE_ENDIAN);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static RequestPacket request(String name) {
    return new RequestPacket().wrap(read(name), 0);
  }
}
