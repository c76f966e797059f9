/** Calls of the C library that the JDK has no words for. */
@NullMarked
package dev.vmpower.machine.libc;

import org.jspecify.annotations.NullMarked;
