package dev.vmpower.cli;

import org.jspecify.annotations.Nullable;

/** All there is to say about a pCPU, and why. */
final class CpuPages {
  private final Style style;

  CpuPages(Style style) {
    this.style = style;
  }

  String all(@Nullable Object json) throws FailureException {
    StringBuilder text = new StringBuilder();
    for (Object item : Row.list(json)) {
      text.append(text.isEmpty() ? "" : "\n").append(cpu(Row.of(item)));
    }
    return text.toString();
  }

  private String cpu(Row cpu) throws FailureException {
    Page page = new Page(style);
    hardware(page, cpu);
    target(page, cpu);
    page.line("why", Listings.orDash(cpu.text("why")));
    rest(page, cpu);
    return page.format();
  }

  /** The sentence, and what it is made of. */
  String explanation(Row explanation) throws FailureException {
    Row cpu = explanation.row("cpu");
    Page page = new Page(style);
    page.line("why", explanation.text("sentence"));
    target(page, cpu);
    String together = explanation.text("settled_with");
    boolean others = !together.equals(cpu.text("cpu"));
    page.lineIfAny("together", others && !together.isEmpty() ? "pCPUs " + together : "");
    limits(page, explanation);
    page.lineIfAny("no turbo", explanation.text("no_turbo"));
    page.lineIfAny("floating", floating(cpu));
    rest(page, cpu);
    hardware(page, cpu);
    if (!explanation.is("mode", "control")) {
      page.alarm("mode", explanation.text("mode") + ": nothing is written");
    }
    return page.format();
  }

  private static String floating(Row cpu) {
    String names = cpu.texts("unprotected");
    return names.isEmpty() ? "" : names + ": not pinned, so others may slow them down";
  }

  private static void limits(Page page, Row explanation) {
    String lower = limit(explanation, "limit_min_khz", "not below ");
    String upper = limit(explanation, "limit_max_khz", "not above ");
    String both = lower + (lower.isEmpty() || upper.isEmpty() ? "" : ", ") + upper;
    page.lineIfAny("limits", both.isEmpty() ? "" : both + ", as an administrator set it");
  }

  private static String limit(Row explanation, String name, String what) {
    return explanation.has(name) ? what + explanation.megahertz(name) + " MHz" : "";
  }

  private static void hardware(Page page, Row cpu) {
    page.line(
        "pCPU",
        cpu.text("cpu")
            + (cpu.is("online") ? "" : ", offline")
            + (cpu.is("reserved") ? ", reserved" : "")
            + ", package "
            + cpu.text("package_id")
            + (cpu.text("siblings").isEmpty() ? "" : ", core of " + cpu.text("siblings")));
    if (cpu.has("domain")) {
      page.line(
          "clock",
          "policy"
              + cpu.text("domain")
              + " of pCPUs "
              + cpu.text("domain_cpus")
              + ", "
              + cpu.text("driver")
              + ", governor "
              + cpu.text("governor")
              + (cpu.is("managed") ? ", managed" : ""));
      Row steering = cpu.row("steering");
      page.line(
          "steered",
          "by "
              + steering.text("how")
              + (steering.is("verified") ? "" : "; not verified on hardware"));
      page.line(
          "speed",
          (cpu.number("current_khz") > 0 ? cpu.megahertz("current_khz") + " MHz" : "unknown")
              + ", of "
              + cpu.megahertz("min_khz")
              + " to "
              + cpu.megahertz("max_khz")
              + " MHz");
    }
  }

  private static void target(Page page, Row cpu) {
    if (cpu.has("target_khz")) {
      page.line(
          "target",
          cpu.megahertz("target_khz")
              + " MHz"
              + (cpu.has("written_khz")
                  ? ", in force " + cpu.megahertz("written_khz") + " MHz"
                  : "")
              + (cpu.has("since") ? ", since " + cpu.text("since") : ""));
    }
  }

  private static void rest(Page page, Row cpu) throws FailureException {
    if (cpu.has("problem")) {
      page.alarm("problem", cpu.text("problem"));
    }
    holds(page, cpu);
    votes(page, cpu);
    page.line(
        "writes",
        cpu.text("writes")
            + ", refused "
            + cpu.text("refused_writes")
            + ", conflicts "
            + cpu.text("conflicts"));
    page.lineIfAny("conflict", cpu.text("last_conflict"));
  }

  private static void holds(Page page, Row cpu) {
    page.lineIfAny("hold", hold(cpu.row("hold")));
    page.lineIfAny("until", cpu.row("hold").text("until"));
    page.lineIfAny("scheduled", hold(cpu.row("scheduled")));
    if (cpu.has("turbo_off")) {
      Row off = cpu.row("turbo_off");
      page.line("turbo", "off, by " + off.text("who") + " since " + off.text("since"));
    }
  }

  private static String hold(Row hold) {
    if (!hold.has("level")) {
      return "";
    }
    return Screens.level(hold.text("level"))
        + ", by "
        + hold.text("who")
        + " since "
        + hold.text("since");
  }

  private static void votes(Page page, Row cpu) throws FailureException {
    String name = "votes";
    for (Object item : cpu.list("votes")) {
      Row vote = Row.of(item);
      page.line(
          name,
          vote.text("vm")
              + "/"
              + vote.text("vcpu")
              + " "
              + Screens.level(vote.text("level"))
              + ", here "
              + vote.megahertz("khz")
              + " MHz"
              + (vote.is("turbo") ? ", with turbo" : "")
              + clipped(vote)
              + (vote.is("here") ? "" : ", runs elsewhere on this clock or core")
              + (vote.is("wins") ? ", wins" : vote.is("counts") ? "" : ", does not count")
              + source(vote));
      name = "";
    }
  }

  private static String clipped(Row vote) {
    return vote.has("unclipped_khz")
        ? " and " + vote.megahertz("unclipped_khz") + " without its envelope"
        : "";
  }

  private static String source(Row vote) {
    String asked = vote.has("asked_at") ? ", asked at " + vote.text("asked_at") : "";
    return switch (vote.text("source")) {
      case "none" -> ", never asked";
      case "claim" -> ", has not asked yet";
      case "envelope" -> ", by its envelope, never asked";
      case "disabled" -> ", stays: its channel is disabled";
      case "guest-policy" -> ", by its " + vote.text("policy") + " policy";
      case "operator-policy" -> ", by an operator's " + vote.text("policy") + " policy";
      default -> asked;
    };
  }
}
