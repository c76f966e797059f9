/** A toy host and a guest of its own, to be warm before the first real one. */
@NullMarked
package dev.vmpower.host.rehearsal;

import org.jspecify.annotations.NullMarked;
