/**
 * The programs {@code vmpowerctl} and {@code vmpower-guest}.
 *
 * <p>They start, say one thing and end, so what counts is how few classes they touch: no lambdas,
 * no regular expressions, no data binding.
 */
@NullMarked
package dev.vmpower.cli;

import org.jspecify.annotations.NullMarked;
