/** Frequency domains as Linux cpufreq shows them, and their saved originals. */
@NullMarked
package dev.vmpower.machine.cpufreq;

import org.jspecify.annotations.NullMarked;
