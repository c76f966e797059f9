/** What becomes of the decisions: frequency domains taken over, steered, and given back. */
@NullMarked
package dev.vmpower.host.clock;

import org.jspecify.annotations.NullMarked;
