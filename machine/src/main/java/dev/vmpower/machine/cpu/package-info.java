/** Sets of pCPUs, and what the kernel tells of the topology. */
@NullMarked
package dev.vmpower.machine.cpu;

import org.jspecify.annotations.NullMarked;
