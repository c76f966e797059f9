/** Who else sets frequencies on this host: the thread that looks when something was changed. */
@NullMarked
package dev.vmpower.host.suspects;

import org.jspecify.annotations.NullMarked;
