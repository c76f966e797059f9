/** VMs, their vCPUs, and what these have asked for. */
@NullMarked
package dev.vmpower.host.vm;

import org.jspecify.annotations.NullMarked;
