/**
 * Fuzzing: bytes that a fuzzer makes up go into every part that reads what others wrote, and each
 * part has an oracle beside "no exception".
 *
 * <p>A target lies in the package of the part that it feeds, and has the one method that the fuzzer
 * calls. It throws for what is wrong.
 */
@NullMarked
package dev.vmpower.fuzz;

import org.jspecify.annotations.NullMarked;
