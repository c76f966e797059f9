package dev.vmpower.host.view;

/**
 * One frequency domain, without a look at the kernel.
 *
 * @param domain N of its {@code policyN}
 * @param packageId of its first pCPU
 * @param maxKhz the highest level of the ladder
 */
public record DomainView(int domain, String cpus, int packageId, int maxKhz, boolean managed) {}
