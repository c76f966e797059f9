package dev.vmpower.cli;

import dev.vmpower.cli.Grammar.Option;
import dev.vmpower.cli.Grammar.Phrase;
import java.util.List;
import java.util.Map;

/** What can be said to {@code vmpower-guest}. */
final class GuestPhrases {
  private static final Option HOLD =
      new Option(
          List.of("--hold"),
          "",
          "Keep the port open until a signal: 2 s after it closes, the host forgets.");

  private static final List<Option> POLICY =
      List.of(
          option("--policy", "KIND", "TIME, TRAFFIC, WORKLOAD or BRANCH_RATIO; TIME."),
          option("--vcpu-list", "VCPUS", "Whom it is for, at most 8; all that are online."),
          option("--busy-hours", "HOURS", "Hours of the host's day at full speed."),
          option("--quiet-hours", "HOURS", "Hours at the least."),
          option("--traffic-hours", "HOURS", "Hours by traffic."),
          option("--workload", "LEVEL", "HIGH, MEDIUM or LOW, for WORKLOAD."),
          option("--mac", "MACS", "Whose packets count, with commas between them."),
          option("--port-list", "PORTS", "The same by network interface: 0,1 or eth0."),
          option("--min-packet-thresh", "PPS", "Not used by any host; 96000."),
          option("--avg-packet-thresh", "PPS", "Below it the least speed; 1800000."),
          option("--max-packet-thresh", "PPS", "Above it full speed; 2000000."),
          option("--turbo", "SWITCH", "The packet's turbo flag; off."),
          option("--vm-name", "NAME", "Ignored: the host knows who asks."),
          HOLD);

  private static final List<Option> AGENT =
      List.of(
          option("--interval", "TIME", "From sample to sample: 100ms to 60s; 250ms."),
          option("--up-threshold", "PERCENT", "The load from which on to ask for more; 70."),
          option("--down-threshold", "PERCENT", "The load down to which to ask for less; 30."),
          option("--vcpus", "VCPUS", "Whom to watch; all."));

  static final List<Phrase> ALL =
      List.of(
          wish("connect", "Take part: at the maximum, and without a policy, until asked."),
          wish("max", "Ask for the highest frequency."),
          wish("min", "Ask for the lowest frequency."),
          wish("up", "Ask for one step more."),
          wish("down", "Ask for one step less."),
          new Phrase(
              "turbo",
              List.of("VCPUS", "SWITCH"),
              "Allow turbo and ask for it, or do without.",
              List.of("turbo 0 on", "turbo 0-3 off"),
              List.of(HOLD)),
          query("freq", "Show how fast vCPUs run."),
          query("caps", "Show what vCPUs can do."),
          new Phrase(
              "policy send",
              List.of(),
              "Let the host decide by itself, as a policy says; it replaces the one before.",
              List.of(
                  "policy send --busy-hours 8-17 --quiet-hours 0-6",
                  "policy send --policy TRAFFIC --port-list 0 --vcpu-list 0-1",
                  "policy send --policy WORKLOAD --workload LOW"),
              POLICY),
          new Phrase(
              "policy remove",
              List.of(),
              "End the VM's policy: what was asked for last counts again.",
              List.of("policy remove")),
          new Phrase(
              "agent",
              List.of(),
              "Watch the load of each vCPU and ask for more or less, until a signal.",
              List.of("agent", "agent --vcpus 0-3 --interval 500ms"),
              AGENT),
          new Phrase(
              "version", List.of(), "Show the version of this program.", List.of("version")));

  static final Map<String, String> GLOSSARY =
      Map.of(
          "VCPUS", "vCPUs: a list such as 0-3,8.",
          "ALL_VCPUS", "A list such as 0-3, or all that the host tells of: the first 8.",
          "SWITCH", "on or off.",
          "policy", "Have the host decide by itself.");

  static final List<Option> OPTIONS =
      List.of(
          option("--dir", "DIR", "Where the ports are; /dev/virtio-ports."),
          option("--channel", "N", "Speak for all vCPUs through port N; each has its own."));

  private GuestPhrases() {}

  private static Option option(String name, String label, String description) {
    return new Option(List.of(name), label, description);
  }

  private static Phrase wish(String word, String description) {
    return new Phrase(
        word, List.of("VCPUS"), description, List.of(word + " 0", word + " 0-3"), List.of(HOLD));
  }

  private static Phrase query(String word, String description) {
    return new Phrase(word, List.of("ALL_VCPUS"), description, List.of(word + " 0", word + " all"));
  }
}
