/** Guest connections: framing, replies, and who is let in. */
@NullMarked
package dev.vmpower.host.channel;

import org.jspecify.annotations.NullMarked;
