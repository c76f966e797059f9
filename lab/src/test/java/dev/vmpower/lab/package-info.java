/**
 * The lab: the whole path, from an unmodified DPDK guest to a cpufreq file, with real parts.
 *
 * <p>Nothing here touches the daemon's classes. Tests know it as an operator does: by its
 * configuration, its sockets, its log and what it writes.
 */
@NullMarked
package dev.vmpower.lab;

import org.jspecify.annotations.NullMarked;
