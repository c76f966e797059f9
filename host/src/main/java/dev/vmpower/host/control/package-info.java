/** What an operator can ask, over HTTP with JSON. */
@NullMarked
package dev.vmpower.host.control;

import org.jspecify.annotations.NullMarked;
