package dev.vmpower.host.claims;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vmpower.machine.socket.PeerProcess;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Claims on their way through the file. */
class ClaimLedgerTest {
  private static final List<String> NAMES =
      List.of(
          "plain",
          "../../etc",
          "a.b.0",
          " blanks  around ",
          "return\rclaim 0 0 1 1 plain",
          "next\u0085line\u2028",
          "\u00fc\ud83d\ude80",
          "n".repeat(200));

  @TempDir Path directory;

  @Test
  void aNameMayBeAnything() throws Exception {
    PeerProcess self = PeerProcess.of((int) ProcessHandle.current().pid());
    List<ClaimLedger.Claim> claims = new ArrayList<>();
    NAMES.forEach(name -> claims.add(new ClaimLedger.Claim(name, 3, 7, self)));
    claims.add(new ClaimLedger.Claim("lib\nvirt refuses this one", 3, 7, self));
    new ClaimLedger(directory).save(claims, 0);

    ClaimLedger ledger = new ClaimLedger(directory);
    ledger.load();

    for (String name : NAMES) {
      assertThat(ledger.take(name, 7, self)).as(name).containsExactly(3);
      assertThat(ledger.take(name, 0, self)).as(name).isEmpty();
    }
    assertThat(ledger.take("lib", 7, self)).isEmpty();
  }
}
