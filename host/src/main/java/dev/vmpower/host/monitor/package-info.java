/** The one thread that owns all mutable state, and its mailbox. */
@NullMarked
package dev.vmpower.host.monitor;

import org.jspecify.annotations.NullMarked;
