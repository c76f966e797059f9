/** Domains as libvirt knows them: what runs, where it may run, and where its channels are. */
@NullMarked
package dev.vmpower.machine.libvirt;

import org.jspecify.annotations.NullMarked;
