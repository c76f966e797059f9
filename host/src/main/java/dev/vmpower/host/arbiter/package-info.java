/** Decisions, pure: what a vote means on a ladder, and which one wins. */
@NullMarked
package dev.vmpower.host.arbiter;

import org.jspecify.annotations.NullMarked;
