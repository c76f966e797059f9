/** AF_UNIX sockets: who is at the other end, and which appear in a directory. */
@NullMarked
package dev.vmpower.machine.socket;

import org.jspecify.annotations.NullMarked;
