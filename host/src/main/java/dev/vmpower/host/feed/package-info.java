/** What changes in the daemon, as it changes, for those who want to follow it. */
@NullMarked
package dev.vmpower.host.feed;

import org.jspecify.annotations.NullMarked;
