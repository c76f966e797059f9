/** Counts what policies go by, packets and branches, on a thread of its own. */
@NullMarked
package dev.vmpower.host.sampler;

import org.jspecify.annotations.NullMarked;
