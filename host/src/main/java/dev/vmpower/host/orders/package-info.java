/** What operators ordered that outlives the daemon, on the disk. */
@NullMarked
package dev.vmpower.host.orders;

import org.jspecify.annotations.NullMarked;
