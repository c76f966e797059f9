/** What the host's kernel counts of guests' network interfaces. */
@NullMarked
package dev.vmpower.machine.net;

import org.jspecify.annotations.NullMarked;
