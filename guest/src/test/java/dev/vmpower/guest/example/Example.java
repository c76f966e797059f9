package dev.vmpower.guest.example;

import dev.vmpower.guest.Answer;
import dev.vmpower.guest.PortException;
import dev.vmpower.guest.PowerChannel;
import dev.vmpower.guest.Wish;
import java.nio.file.Path;

/** Works at full speed, and then lets the host save power. */
public final class Example {
  public static void main(String[] arguments) {
    Path port = Path.of(arguments[0]); // /dev/virtio-ports/virtio.serial.port.poweragent.0
    try (PowerChannel host = PowerChannel.open(port)) {
      Answer answer = host.ask(0, Wish.MAX); // vCPU 0; waits up to 1 s
      System.out.println("Full speed: " + answer);
      // ... work ...
      host.tell(0, Wish.MIN); // waits for nothing
    } catch (PortException noHelp) {
      System.err.println(noHelp.getMessage() + "; working at any speed");
    }
  }
}
