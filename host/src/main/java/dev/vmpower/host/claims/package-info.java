/** Claims across a restart of the daemon. */
@NullMarked
package dev.vmpower.host.claims;

import org.jspecify.annotations.NullMarked;
