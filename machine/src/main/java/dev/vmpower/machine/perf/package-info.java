/** What a pCPU's own counters say, through perf_event_open(2). */
@NullMarked
package dev.vmpower.machine.perf;

import org.jspecify.annotations.NullMarked;
