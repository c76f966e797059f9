/** What operators are shown: immutable, and the same for JSON, tables and pages. */
@NullMarked
package dev.vmpower.host.view;

import org.jspecify.annotations.NullMarked;
