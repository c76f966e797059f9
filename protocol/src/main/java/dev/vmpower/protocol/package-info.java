/** Every byte that crosses a process boundary. No I/O, no dependency. */
@NullMarked
package dev.vmpower.protocol;

import org.jspecify.annotations.NullMarked;
