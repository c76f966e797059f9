package dev.vmpower.host.policy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * What each hour of a day is used for.
 *
 * <p>Hours are 0 to 23 of the host's local time. An hour that stands in two lists is used as the
 * one that has it at the lower index says; on a tie busy goes before quiet, quiet before traffic.
 */
public record HourTable(List<Use> uses) {
  public static final int HOURS = 24;

  /** An entry of a list that stands for no hour. */
  public static final int NO_HOUR = -1;

  /** What an hour is for. */
  public enum Use {
    /** The level of the hour before stays. */
    UNUSED,
    BUSY,
    QUIET,
    /** The packets of that hour decide. */
    TRAFFIC
  }

  private static final Use[] BY_RANK = {Use.BUSY, Use.QUIET, Use.TRAFFIC};

  /** The table itself, one entry for each hour. */
  public HourTable {
    if (uses.size() != HOURS) {
      throw new IllegalArgumentException("a day has " + HOURS + " hours");
    }
    uses = List.copyOf(uses);
  }

  /**
   * Makes a table of three lists, whose entries are hours or {@link #NO_HOUR}.
   *
   * @throws PolicyException if an entry is neither
   */
  public static HourTable of(int[] busy, int[] quiet, int[] traffic) throws PolicyException {
    int[][] lists = {busy, quiet, traffic};
    List<Use> uses = new ArrayList<>(Collections.nCopies(HOURS, Use.UNUSED));
    int longest = Math.max(busy.length, Math.max(quiet.length, traffic.length));
    for (int i = 0; i < longest; i++) {
      for (int rank = 0; rank < lists.length; rank++) {
        int hour = i < lists[rank].length ? lists[rank][i] : NO_HOUR;
        if (hour < NO_HOUR || hour >= HOURS) {
          throw new PolicyException("hour " + hour + " is none: give hours 0 to 23");
        }
        if (hour != NO_HOUR && uses.get(hour) == Use.UNUSED) {
          uses.set(hour, BY_RANK[rank]);
        }
      }
    }
    return new HourTable(uses);
  }

  /**
   * Takes the padding out of a list as DPDK's guests send it: a 0 after the first entry is padding,
   * and a list of nothing but 0 is empty.
   */
  public static int[] withoutPadding(int[] list) {
    boolean empty = Arrays.stream(list).allMatch(hour -> hour == 0);
    int[] hours = list.clone();
    for (int i = empty ? 0 : 1; i < hours.length; i++) {
      hours[i] = hours[i] == 0 ? NO_HOUR : hours[i];
    }
    return hours;
  }

  public Use use(int hour) {
    return uses.get(hour);
  }

  /** Whether no hour is used: then there is no opinion at any time. */
  public boolean isEmpty() {
    return hours(Use.UNUSED).size() == HOURS;
  }

  /** The hours that are used so, in order. */
  public SortedSet<Integer> hours(Use use) {
    SortedSet<Integer> hours = new TreeSet<>();
    for (int hour = 0; hour < HOURS; hour++) {
      if (uses.get(hour) == use) {
        hours.add(hour);
      }
    }
    return hours;
  }
}
