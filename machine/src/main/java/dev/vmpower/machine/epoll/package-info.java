/** The hot path's way to the kernel: epoll(7), recv(2) and send(2) with nothing in between. */
@NullMarked
package dev.vmpower.machine.epoll;

import org.jspecify.annotations.NullMarked;
