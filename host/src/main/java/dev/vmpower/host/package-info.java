/** The daemon, put together. */
@NullMarked
package dev.vmpower.host;

import org.jspecify.annotations.NullMarked;
