/** What the host's pCPUs used: energy, time at each frequency, and who ran there. */
@NullMarked
package dev.vmpower.machine.power;

import org.jspecify.annotations.NullMarked;
