package dev.vmpower.host.policy;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import org.junit.jupiter.api.Test;

/** Hours of places, daylight saving included. */
class LocalHoursTest {
  private static final ZoneId BERLIN = ZoneId.of("Europe/Berlin");
  private static final ZoneId LORD_HOWE = ZoneId.of("Australia/Lord_Howe");
  private static final ZoneId KATHMANDU = ZoneId.of("Asia/Kathmandu");

  private static long ms(String text, ZoneId zone) {
    return ZonedDateTime.of(java.time.LocalDateTime.parse(text), zone).toInstant().toEpochMilli();
  }

  @Test
  void anOrdinaryHourEndsWithTheHour() {
    long now = ms("2026-11-25T16:13:49.123", BERLIN);

    assertThat(LocalHours.hourAt(now, BERLIN)).isEqualTo(16);
    assertThat(LocalHours.nextChangeMs(now, BERLIN)).isEqualTo(ms("2026-11-25T17:00", BERLIN));
    assertThat(LocalHours.nextChangeMs(ms("2026-11-25T17:00", BERLIN), BERLIN))
        .isEqualTo(ms("2026-11-25T18:00", BERLIN));
  }

  @Test
  void hoursOfAZoneWithThreeQuartersEndByItsOwnClock() {
    long now = ms("2026-11-25T16:50", KATHMANDU);

    assertThat(LocalHours.nextChangeMs(now, KATHMANDU) - now).isEqualTo(600_000);
  }

  @Test
  void inSpringTheHourTwoIsNotThere() {
    long before = ms("2026-03-29T01:59:59", BERLIN);
    long change = LocalHours.nextChangeMs(before, BERLIN);

    assertThat(change - before).isEqualTo(1000);
    assertThat(LocalHours.hourAt(change - 1, BERLIN)).isEqualTo(1);
    assertThat(LocalHours.hourAt(change, BERLIN)).isEqualTo(3);
  }

  @Test
  void inAutumnTheHourTwoComesTwice() {
    long first = Instant.parse("2026-10-25T00:30:00Z").toEpochMilli();
    assertThat(LocalHours.hourAt(first, BERLIN)).isEqualTo(2);
    long back = LocalHours.nextChangeMs(first, BERLIN);

    assertThat(Instant.ofEpochMilli(back)).isEqualTo(Instant.parse("2026-10-25T01:00:00Z"));
    assertThat(LocalHours.hourAt(back, BERLIN)).isEqualTo(2);
    assertThat(LocalHours.hourAt(LocalHours.nextChangeMs(back, BERLIN), BERLIN)).isEqualTo(3);
  }

  /** Every hour of two years: no change is missed, and none is seen before it comes. */
  @Test
  void betweenTwoChangesTheHourStays() {
    for (ZoneId zone : new ZoneId[] {BERLIN, LORD_HOWE, KATHMANDU, ZoneId.of("UTC")}) {
      long now = ms("2026-01-01T00:00", zone);
      long end = ms("2028-01-01T00:00", zone);
      while (now < end) {
        long next = LocalHours.nextChangeMs(now, zone);
        assertThat(next).as("%s after %s", zone, Instant.ofEpochMilli(now)).isGreaterThan(now);
        for (long at = now; at < next; at += 300_000) {
          assertThat(LocalHours.hourAt(at, zone))
              .as("%s at %s", zone, Instant.ofEpochMilli(at))
              .isEqualTo(LocalHours.hourAt(now, zone));
        }
        assertThat(LocalHours.hourAt(next - 1, zone)).isEqualTo(LocalHours.hourAt(now, zone));
        now = next;
      }
    }
  }
}
