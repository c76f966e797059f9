package dev.vmpower.host.view;

import org.jspecify.annotations.Nullable;

/**
 * One policy.
 *
 * @param name an operator's name for it; {@code guest:VM} for a guest's
 * @param source {@code operator} or {@code guest}
 * @param vm whose vCPUs it rules; null where it rules pCPUs
 * @param vcpus the vCPUs that it rules now; null where it rules pCPUs
 * @param cpus the pCPUs that it rules; null where it rules vCPUs
 * @param type {@code time}, {@code traffic}, {@code workload} or {@code branch_ratio}
 * @param level {@code max}, {@code medium} or {@code min}; null where it asks for nothing
 * @param inForce whether that counts now
 * @param why what it goes by now, or why it is not in force
 * @param since when it was set
 * @param toml an operator's policy as a policy file has it; null for a guest's
 */
public record PolicyView(
    String name,
    String source,
    @Nullable String vm,
    @Nullable String vcpus,
    @Nullable String cpus,
    String type,
    @Nullable String level,
    boolean inForce,
    String why,
    String since,
    @Nullable String toml) {}
