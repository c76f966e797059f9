/** What the parts of a request's way cost, each alone: time and heap, by JMH. */
@NullMarked
package dev.vmpower.jmh;

import org.jspecify.annotations.NullMarked;
