package dev.vmpower.host.view;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where one vCPU may run.
 *
 * @param cpus the pCPUs that it may run on
 * @param domains the frequency domains of those, by their N of {@code policyN}
 * @param sharedWith the vCPUs, as {@code VM/VCPU}, that may run on one of the same pCPUs; of many
 *     the first ones, and then how many more
 * @param refused why no request of it can count; null if it can
 */
public record PinningView(
    String vm,
    int vcpu,
    String cpus,
    String domains,
    List<String> sharedWith,
    @Nullable String refused) {}
