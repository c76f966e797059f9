/** What pCPUs and VMs used, and what was saved: an estimate on what the hardware counts. */
@NullMarked
package dev.vmpower.host.energy;

import org.jspecify.annotations.NullMarked;
