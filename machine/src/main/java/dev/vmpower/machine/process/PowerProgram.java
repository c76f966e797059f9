package dev.vmpower.machine.process;

/**
 * A program that sets CPU frequencies and runs on this host, or has run.
 *
 * @param name what people call it
 * @param pid its process; 0 of one that ends when it has done its work
 * @param unit the systemd unit of such a one; empty for a process
 */
public record PowerProgram(String name, int pid, String unit) {
  @Override
  public String toString() {
    return name + (pid > 0 ? " (pid " + pid + ")" : " (" + unit + ")");
  }
}
