/**
 * A seeded simulation of the whole daemon: its real code, on a kernel, sockets and a clock of our
 * own, beside a second, plain statement of the rules that says after every wake-up what should be.
 */
@NullMarked
package dev.vmpower.sim.world;

import org.jspecify.annotations.NullMarked;
