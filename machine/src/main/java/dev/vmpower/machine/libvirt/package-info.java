/**
 * Domains as libvirt knows them: what runs, where it may run, and where its channels are.
 *
 * <p>From the outside in: {@code LibvirtWatch} (the thread), {@code Session} (what is known, and
 * what is told of it), {@code GuestPorts} (the rule of the two seconds), {@code Connection} and
 * {@code DomainReader} (what is asked), {@code DomainXml} and {@code VserportChange} (what is
 * parsed), {@code EventLoop} and {@code Callbacks} (what comes in), {@code LibvirtLibrary} (the C
 * functions).
 */
@NullMarked
package dev.vmpower.machine.libvirt;

import org.jspecify.annotations.NullMarked;
