/** What a guest needs to ask its host for CPU frequency. No dependency but the protocol. */
@NullMarked
package dev.vmpower.guest;

import org.jspecify.annotations.NullMarked;
