/** A machine for tests and the demo, with the kernel's rules and planned faults. */
@NullMarked
package dev.vmpower.machine.fake;

import org.jspecify.annotations.NullMarked;
