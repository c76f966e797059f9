package dev.vmpower.host.orders;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Where operators' orders are kept across restarts. */
public interface OrderStore extends AutoCloseable {
  /** What operators ordered in earlier runs. */
  Orders load();

  /**
   * Saves {@code orders} in place of those before; one thread only.
   *
   * @param done is told, by whichever thread, once they are kept: null, or why they are not
   */
  void record(Orders orders, Consumer<@Nullable String> done);

  /** Saves what waits, and ends. */
  @Override
  void close();
}
