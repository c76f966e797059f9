/** FIFOs in a directory, as DPDK's manager has them: made, guarded and read. */
@NullMarked
package dev.vmpower.machine.fifo;

import org.jspecify.annotations.NullMarked;
