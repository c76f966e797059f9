/** Metrics as monitoring systems read them: Prometheus text, and OpenMetrics. */
@NullMarked
package dev.vmpower.host.metrics;

import org.jspecify.annotations.NullMarked;
