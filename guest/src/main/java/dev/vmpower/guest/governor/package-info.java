/**
 * When a vCPU should ask for more, and when for less: decided from samples of its load, without a
 * clock and without I/O.
 */
@NullMarked
package dev.vmpower.guest.governor;

import org.jspecify.annotations.NullMarked;
