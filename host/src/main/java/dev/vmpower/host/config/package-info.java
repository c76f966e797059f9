/** The configuration file. */
@NullMarked
package dev.vmpower.host.config;

import org.jspecify.annotations.NullMarked;
