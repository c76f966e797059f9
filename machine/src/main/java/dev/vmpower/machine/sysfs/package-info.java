/** Attributes: small text files that the kernel answers for. */
@NullMarked
package dev.vmpower.machine.sysfs;

import org.jspecify.annotations.NullMarked;
