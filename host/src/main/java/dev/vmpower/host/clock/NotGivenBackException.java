package dev.vmpower.host.clock;

import java.io.IOException;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The kernel refused to take some frequency domains back; in one line, with its words. How they
 * were found stays saved, for the next who tries.
 */
public final class NotGivenBackException extends IOException {
  private static final long serialVersionUID = 1L;

  private NotGivenBackException(String which) {
    super("not given back: " + which + "; `vmpowerd restore` and the next start try again");
  }

  /** Throws if one of {@code domains} still has its original. */
  static void throwIfAny(List<ManagedDomain> domains) throws NotGivenBackException {
    String left =
        domains.stream()
            .filter(managed -> managed.original != null)
            .map(managed -> managed + " (" + managed.problemText() + ")")
            .collect(Collectors.joining(", "));
    if (!left.isEmpty()) {
      throw new NotGivenBackException(left);
    }
  }
}
