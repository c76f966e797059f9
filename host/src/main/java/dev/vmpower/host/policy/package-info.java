/** Policies, pure: what each asks for at an hour, at a rate of packets, at a ratio of branches. */
@NullMarked
package dev.vmpower.host.policy;

import org.jspecify.annotations.NullMarked;
