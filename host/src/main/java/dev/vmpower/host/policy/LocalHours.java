package dev.vmpower.host.policy;

import java.time.Instant;
import java.time.ZoneId;
import java.time.temporal.ChronoField;
import java.time.zone.ZoneOffsetTransition;

/** The hours of a place, daylight saving and its half hours included. */
public final class LocalHours {
  private static final long HOUR_MS = 3_600_000;

  private LocalHours() {}

  /** The hour, 0 to 23, that clocks in {@code zone} show at {@code nowMs} since the epoch. */
  public static int hourAt(long nowMs, ZoneId zone) {
    return Instant.ofEpochMilli(nowMs).atZone(zone).getHour();
  }

  /** When clocks in {@code zone} may next show another hour, in ms since the epoch. */
  public static long nextChangeMs(long nowMs, ZoneId zone) {
    Instant now = Instant.ofEpochMilli(nowMs);
    long passedMs = now.atZone(zone).getLong(ChronoField.MILLI_OF_DAY) % HOUR_MS;
    long nextMs = nowMs + HOUR_MS - passedMs;
    ZoneOffsetTransition transition = zone.getRules().nextTransition(now);
    return transition == null ? nextMs : Math.min(nextMs, transition.getInstant().toEpochMilli());
  }
}
