/** The log, written without a lock on the threads that log. */
@NullMarked
package dev.vmpower.host.log;

import org.jspecify.annotations.NullMarked;
