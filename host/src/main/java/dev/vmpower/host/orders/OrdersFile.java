package dev.vmpower.host.orders;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The file of orders, which a crash leaves whole: each save writes a new file beside the old one,
 * forces it to the disk, renames it over the old one and forces the directory.
 */
public final class OrdersFile {
  private static final Logger LOG = LoggerFactory.getLogger("vmpower.orders");

  private static final String NAME = "orders";
  private static final int FILE_BYTES_MAX = 16 << 20;

  private final Path file;

  /** The file in {@code directory}, which must survive a reboot. */
  public OrdersFile(Path directory) {
    this.file = directory.resolve(NAME);
  }

  /**
   * What operators ordered in earlier runs. Of a damaged file the good lines count, and a copy of
   * it is kept aside; the log says so in one line.
   */
  public Orders load() {
    String text;
    try {
      if (Files.size(file) > FILE_BYTES_MAX) {
        throw new IOException("it is larger than " + FILE_BYTES_MAX + " bytes");
      }
      text = new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
    } catch (NoSuchFileException none) {
      return Orders.NONE;
    } catch (IOException unreadable) {
      LOG.error("{} cannot be read, so no order is in force: {}", file, reason(unreadable));
      return Orders.NONE;
    }
    OrdersText.Read read = OrdersText.parse(text);
    if (read.flaw() != null) {
      Path aside = file.resolveSibling(NAME + ".bad");
      LOG.error("{}: {}; the other lines count, and {}", file, read.flaw(), keep(aside));
    }
    return read.orders();
  }

  private String keep(Path aside) {
    try {
      Files.copy(file, aside, StandardCopyOption.REPLACE_EXISTING);
      return "it is kept as " + aside;
    } catch (IOException full) {
      return "it could not be kept aside: " + reason(full);
    }
  }

  /**
   * Saves {@code orders} in place of all that were saved.
   *
   * @throws IOException if they may not survive a crash
   */
  public void save(Orders orders) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(OrdersText.format(orders).getBytes(StandardCharsets.UTF_8));
    Path fresh = file.resolveSibling(NAME + ".new");
    try (FileChannel out =
        FileChannel.open(
            fresh,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      while (bytes.hasRemaining()) {
        out.write(bytes);
      }
      out.force(true);
    }
    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    try (FileChannel directory = FileChannel.open(file.resolveSibling("."))) {
      directory.force(true);
    }
  }

  /** Why a save failed, in few words. */
  static String reason(Exception refused) {
    String reason =
        refused instanceof FileSystemException file ? file.getReason() : refused.getMessage();
    return reason == null ? refused.getClass().getSimpleName() : reason;
  }

  @Override
  public String toString() {
    return file.toString();
  }
}
