/** A host and its VMs that need no hardware: the demo, and whole-system tests. */
@NullMarked
package dev.vmpower.sim;

import org.jspecify.annotations.NullMarked;
