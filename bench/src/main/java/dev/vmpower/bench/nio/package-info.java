/**
 * What is in C, once more in Java: for where there is no gcc, and to see what Java's channels cost.
 */
@NullMarked
package dev.vmpower.bench.nio;

import org.jspecify.annotations.NullMarked;
