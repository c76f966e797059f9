/** This process itself, and the time since the machine booted. */
@NullMarked
package dev.vmpower.machine.process;

import org.jspecify.annotations.NullMarked;
