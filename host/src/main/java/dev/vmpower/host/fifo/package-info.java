/** DPDK's JSON: what comes through FIFOs, made into instructions and policies. */
@NullMarked
package dev.vmpower.host.fifo;

import org.jspecify.annotations.NullMarked;
