/**
 * The programs {@code vmpowerctl} and {@code vmpower-guest}.
 *
 * <p>They start, say one thing and end, so what counts is how few classes they touch: no lambdas,
 * no regular expressions, no data binding. What few verbs need (a library to read the
 * configuration, a line editor for the shell) is in classes of its own, and last on the class path.
 */
@NullMarked
package dev.vmpower.cli;

import org.jspecify.annotations.NullMarked;
