package dev.vmpower.cli;

import static dev.vmpower.cli.Calls.get;
import static dev.vmpower.cli.Calls.local;
import static dev.vmpower.cli.Calls.plain;
import static dev.vmpower.cli.Calls.post;

import dev.vmpower.cli.Grammar.Option;
import dev.vmpower.cli.Grammar.Phrase;
import java.util.List;

/** The verbs about the daemon as a whole, and about this program: a part of the table. */
final class DaemonCalls {
  private DaemonCalls() {}

  static void add(List<Call> calls) {
    calls.add(
        get(plain("status", "Show the daemon as a whole.", "status"), "/v1/status", Screen.STATUS));
    calls.add(
        get(
            new Phrase(
                "report",
                List.of(),
                "Show what pCPUs and VMs used, and what was saved against full speed.",
                List.of("report", "report --since 24h", "report --since 7d"),
                List.of(
                    new Option(
                        List.of("--since"),
                        "TIME",
                        "Of the last 24h or 7d; without it, since the daemon's start."))),
            "/v1/energy/{--since}",
            Screen.ENERGY));
    calls.add(
        post(
            plain("pause", "Give all pCPUs back and only observe, until resume.", "pause"),
            "/v1/pause",
            Screen.MODE));
    calls.add(
        post(plain("resume", "Act again after a pause.", "resume"), "/v1/resume", Screen.MODE));
    calls.add(
        post(
            plain("reload", "Read the configuration again.", "reload"),
            "/v1/reload",
            Screen.MESSAGE));
    calls.add(
        post(
            new Phrase(
                "handover",
                List.of(),
                "End the daemon without giving back, for the next one to go on from.",
                List.of("handover", "handover --restore-after 5m"),
                List.of(
                    new Option(
                        List.of("--restore-after"),
                        "TIME",
                        "Give all back if no daemon comes within 30s, 5m; 60s."))),
            "/v1/handover",
            Screen.MESSAGE,
            new Field("restore_after_s", Field.Type.SECONDS, "--restore-after")));
    calls.add(
        local(
            plain(
                "top",
                "Show pCPUs and VMs on the whole terminal, anew each second; q ends it.",
                "top")));
    calls.add(
        local(
            new Phrase(
                "watch",
                List.of(),
                "Show what happens, a line for each event; -o json for a JSON object for each.",
                List.of("watch", "watch --vm vm0 --type vote,refusal", "watch --cpu 4-7 -o json"),
                List.of(
                    new Option(List.of("--vm"), "VM", "Only what is about this VM."),
                    new Option(List.of("--cpu"), "CPUS", "Only what is about these pCPUs."),
                    new Option(
                        List.of("--type"),
                        "TYPES",
                        "Only these, with commas: vote, target, channel, vm, refusal, policy, hold,"
                            + " conflict, status.")))));
    calls.add(
        local(
            new Phrase(
                "check-config",
                List.of("FILE"),
                "Say whether a daemon would take a configuration file, without a daemon.",
                List.of("check-config /etc/vmpower/vmpower.toml"))));
    calls.add(
        local(
            plain(
                "shell",
                "Take verbs line by line, and DPDK's host commands: from a terminal, or a script.",
                "shell")));
    calls.add(local(plain("version", "Show the version of this program.", "version")));
  }
}
