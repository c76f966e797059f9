package dev.vmpower.host.view;

import dev.vmpower.host.view.CpuView.HoldView;
import dev.vmpower.host.view.CpuView.VoteView;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Why a pCPU runs as it does, in one sentence: its speed, since when, because of whom, what the
 * others ask for, and what keeps it from that speed.
 *
 * <p>Pure: it goes by a view, and is told what time it is.
 */
public final class Sentence {
  /** Of more VMs only the number is told. */
  static final int NAMES_MAX = 3;

  private static final int KHZ_PER_GHZ = 1_000_000;
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("HH:mm:ss", Locale.ROOT);
  private static final DateTimeFormatter DAY_AND_TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss", Locale.ROOT);

  private final CpuView cpu;
  private final String mode;
  private final LocalDate today;
  private final ZoneId zone;

  private Sentence(CpuView cpu, String mode, Instant now, ZoneId zone) {
    this.cpu = cpu;
    this.mode = mode;
    this.zone = zone;
    this.today = now.atZone(zone).toLocalDate();
  }

  /**
   * The sentence about {@code cpu}.
   *
   * @param mode of the daemon: {@code control}, {@code observe} or {@code paused}
   * @param zone whose clock shows the times in it
   */
  public static String of(CpuView cpu, String mode, Instant now, ZoneId zone) {
    return new Sentence(cpu, mode, now, zone).text();
  }

  private String text() {
    if (!cpu.online()) {
      return "pCPU " + cpu.cpu() + " is offline: votes count again when it is back.";
    }
    if (cpu.domain() == null) {
      return "pCPU " + cpu.cpu() + " has no cpufreq: nobody can set its speed.";
    }
    if (cpu.reserved()) {
      return speed()
          + " by the kernel's governor "
          + cpu.governor()
          + ", because policy"
          + cpu.domain()
          + " (pCPUs "
          + cpu.domainCpus()
          + ") is reserved: vmpower never touches it.";
    }
    Integer targetKhz = cpu.targetKhz();
    if (targetKhz == null) {
      return speed()
          + " by the kernel's governor "
          + cpu.governor()
          + ", because nobody asks"
          + (cpu.managed() ? ", and an earlier run's settings are given back soon." : ".");
    }
    String reason = gigahertz(targetKhz) + since() + ", because " + reason(targetKhz);
    return reason + waiting() + others(targetKhz) + "." + shortfall();
  }

  private String speed() {
    return cpu.currentKhz() > 0 ? gigahertz(cpu.currentKhz()) + " now" : "Some speed";
  }

  private String since() {
    return cpu.since() == null ? "" : " since " + clock(cpu.since());
  }

  private String reason(int targetKhz) {
    HoldView ruling = cpu.hold() == null ? cpu.scheduled() : cpu.hold();
    if (ruling != null) {
      return (cpu.hold() == null ? "the " : "")
          + ruling.who()
          + " holds it "
          + (Character.isDigit(ruling.level().charAt(0)) ? "there" : "at " + ruling.level())
          + (ruling.until() == null ? "" : " until " + clock(ruling.until()));
    }
    VoteView winner = winner();
    if (winner != null) {
      return name(winner) + where(winner) + reason(winner, targetKhz) + envelope(winner);
    }
    if (cpu.turboOff() != null) {
      return cpu.turboOff().who() + " switched turbo off, and nobody asks";
    }
    return "no VM that asked runs now, and it stays as it was";
  }

  private String waiting() {
    return cpu.waitingKhz() == null
        ? ""
        : ", and lowering it to "
            + gigahertz(cpu.waitingKhz())
            + " waits for max_changes_per_second";
  }

  private @Nullable VoteView winner() {
    return cpu.votes().stream().filter(VoteView::wins).findFirst().orElse(null);
  }

  private static String where(VoteView winner) {
    return winner.here() ? "" : ", which shares its clock or core,";
  }

  private static String reason(VoteView winner, int targetKhz) {
    return switch (winner.source()) {
      case "none" -> " runs here, never asked, and is not slowed down for others";
      case "claim" -> " has spoken up and not asked yet, which counts as max";
      case "envelope" -> " never asked, and the envelope of its VM is enforced";
      case "disabled" -> " stays where it was while its channel is disabled";
      case "guest-policy" -> " asks for " + winner.level() + " by its " + policy(winner);
      case "operator-policy" ->
          " is to have " + winner.level() + " by an operator's " + policy(winner);
      default -> " asks for " + level(winner, targetKhz);
    };
  }

  private static String policy(VoteView winner) {
    return winner.policy() + " policy";
  }

  private static String level(VoteView vote, int targetKhz) {
    String level = vote.level();
    if (!Character.isDigit(level.charAt(0))) {
      return level;
    }
    int khz = Integer.parseInt(level);
    return khz == targetKhz ? "it" : gigahertz(khz);
  }

  private static String envelope(VoteView winner) {
    Integer unclippedKhz = winner.unclippedKhz();
    if (unclippedKhz == null) {
      return "";
    }
    String what = unclippedKhz > winner.khz() ? "no more than this" : "no less than this";
    return " (its envelope allows " + what + ")";
  }

  /** What those ask for who did not win; each VM is named once. */
  private String others(int targetKhz) {
    if (cpu.hold() != null || cpu.scheduled() != null) {
      boolean any = cpu.votes().stream().anyMatch(VoteView::counts);
      return any ? "; what VMs ask for counts when that is released" : "";
    }
    VoteView winner = winner();
    if (winner == null) {
      return "";
    }
    Predicate<VoteView> other =
        vote -> vote.counts() && !vote.wins() && !vote.vm().equals(winner.vm());
    Set<String> same = vms(vote -> other.test(vote) && vote.khz() >= targetKhz);
    Set<String> less = vms(vote -> other.test(vote) && !same.contains(vote.vm()));
    return clause(same, " for as much") + clause(less, " for less");
  }

  private Set<String> vms(Predicate<VoteView> wanted) {
    Set<String> names = new LinkedHashSet<>();
    cpu.votes().stream().filter(wanted).forEach(vote -> names.add(vote.vm()));
    return names;
  }

  private static String clause(Set<String> vms, String what) {
    return vms.isEmpty() ? "" : "; " + names(vms) + (vms.size() == 1 ? " asks" : " ask") + what;
  }

  private static String names(Set<String> vms) {
    List<String> first = vms.stream().limit(NAMES_MAX).toList();
    if (vms.size() > NAMES_MAX) {
      return String.join(", ", first) + " and " + (vms.size() - NAMES_MAX) + " more VMs";
    }
    int last = first.size() - 1;
    return last == 0
        ? first.getFirst()
        : String.join(", ", first.subList(0, last)) + " and " + first.get(last);
  }

  /** Why it does not run so all the same. */
  private String shortfall() {
    if (!mode.equals("control")) {
      return " Nothing is written: the daemon "
          + (mode.equals("paused") ? "is paused." : "observes only.");
    }
    return cpu.problem() == null ? "" : " It is not so: " + cpu.problem() + ".";
  }

  private String clock(String instant) {
    ZonedDateTime local = Instant.parse(instant).atZone(zone);
    return (local.toLocalDate().equals(today) ? TIME : DAY_AND_TIME).format(local);
  }

  private static String name(VoteView vote) {
    return vote.vm() + " vCPU " + vote.vcpu();
  }

  /** kHz as GHz, with as many decimals as it has. */
  static String gigahertz(int khz) {
    int rest = khz % KHZ_PER_GHZ;
    StringBuilder text = new StringBuilder().append(khz / KHZ_PER_GHZ);
    if (rest > 0) {
      text.append('.').append(Integer.toString(KHZ_PER_GHZ + rest), 1, 7);
      while (text.charAt(text.length() - 1) == '0') {
        text.setLength(text.length() - 1);
      }
    }
    return text.append(" GHz").toString();
  }
}
