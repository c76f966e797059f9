/**
 * What a program in a VM needs to ask its host for CPU frequency. No dependency but the protocol.
 *
 * <p>Begin with {@link dev.vmpower.guest.PowerChannel}. Frequencies are in kHz. Errors of a port
 * are {@link dev.vmpower.guest.PortException}; a refusal is an answer, not an error; what cannot be
 * right in a call is an {@link java.lang.IllegalArgumentException}.
 */
@NullMarked
package dev.vmpower.guest;

import org.jspecify.annotations.NullMarked;
