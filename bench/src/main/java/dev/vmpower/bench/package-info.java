/** Measures what SPECIFICATION.md promises of speed, memory and rest, from outside the daemon. */
@NullMarked
package dev.vmpower.bench;

import org.jspecify.annotations.NullMarked;
