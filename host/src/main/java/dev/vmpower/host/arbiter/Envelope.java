package dev.vmpower.host.arbiter;

/**
 * What one VM may ask for. It clips the votes of the VM's vCPUs before they are compared.
 *
 * @param minKhz the lowest; 0 for the hardware's
 * @param maxKhz the highest; {@link Integer#MAX_VALUE} for the hardware's
 * @param turbo whether turbo is among it
 * @param enforce whether it holds from the VM's start, asked or not
 */
public record Envelope(int minKhz, int maxKhz, boolean turbo, boolean enforce) {
  /** All that the hardware can. */
  public static final Envelope HARDWARE = new Envelope(0, Integer.MAX_VALUE, true, false);
}
