package dev.vmpower.host.fifo;

import dev.vmpower.host.policy.Policy;
import dev.vmpower.protocol.Unit;

/** What one JSON object wants for the pCPU of its FIFO. */
public sealed interface FifoOrder {
  /** {@code "command": "power"}: a change of the frequency; never {@link Unit#UNKNOWN}. */
  record Instruction(Unit unit) implements FifoOrder {}

  /** {@code "command": "create"}: a policy, in place of the one before. */
  record Create(Policy policy) implements FifoOrder {}

  /** {@code "command": "destroy"}: no policy any more. */
  record Destroy() implements FifoOrder {}

  /** Something that is none of these; {@code why} is one line without the bytes themselves. */
  record Malformed(String why) implements FifoOrder {}
}
