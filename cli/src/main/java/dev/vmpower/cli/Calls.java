package dev.vmpower.cli;

import dev.vmpower.cli.Grammar.Option;
import dev.vmpower.cli.Grammar.Phrase;
import java.util.ArrayList;
import java.util.List;

/** All verbs of vmpowerctl: one table, and nothing else knows them. */
final class Calls {
  static final String SOCKET = "/run/vmpower/control.sock";

  /** Those of all verbs. */
  static final List<Option> OPTIONS =
      List.of(
          new Option(List.of("--socket"), "PATH", "The daemon's control socket; " + SOCKET + "."),
          new Option(
              List.of("-o", "--output"), "FORMAT", "json for what the daemon says; else a table."));

  private static final Option MIN =
      new Option(List.of("--min"), "KHZ", "The lowest frequency it may ask for, or hardware.");
  private static final Option MAX =
      new Option(List.of("--max"), "KHZ", "The highest frequency it may ask for, or hardware.");
  private static final Option TURBO =
      new Option(List.of("--turbo"), "on|off", "Whether it may ask for turbo.");
  private static final Option ENFORCE =
      new Option(
          List.of("--enforce"), "on|off", "Whether this limits it also while it never asks.");

  private static final List<Field> CPUS = List.of(text("cpus", "CPUS"));

  private Calls() {}

  /** The table, in the order of the documents. */
  static List<Call> all() {
    List<Call> calls = new ArrayList<>();
    addVms(calls);
    addChannels(calls);
    addCpus(calls);
    addPinning(calls);
    addPolicies(calls);
    DaemonCalls.add(calls);
    return calls;
  }

  private static void addVms(List<Call> calls) {
    calls.add(
        get(
            new Phrase(
                "vm list",
                List.of(),
                "List the VMs and where their vCPUs may run.",
                List.of("vm list", "vm list -o json")),
            "/v1/vms",
            Screen.VMS));
    calls.add(
        get(
            new Phrase(
                "vm show",
                List.of("VM"),
                "Show one VM: its envelope, its vCPUs and their votes, what was refused.",
                List.of("vm show vm0")),
            "/v1/vms/{VM}",
            Screen.VM));
    calls.add(
        post(
            new Phrase(
                "vm add",
                List.of("VM", "[DIR]", "[PCPUS...]"),
                "Serve a VM without libvirt until the daemon ends; with a name alone, one that was"
                    + " removed.",
                List.of("vm add vm7 /run/vm7-power 2 3 4-5", "vm add vm0"),
                List.of(
                    new Option(List.of("--peer-uid"), "UID", "Whom its sockets must belong to."),
                    new Option(
                        List.of("--query"), "on|off", "Whether it may ask how fast CPUs run."),
                    MIN,
                    MAX,
                    TURBO,
                    ENFORCE)),
            "/v1/vms/add",
            Screen.VM,
            text("name", "VM"),
            new Field("channels", Field.Type.PATH, "DIR"),
            new Field("vcpus", Field.Type.TEXTS, "PCPUS"),
            new Field("peer_uid", Field.Type.NUMBER, "--peer-uid"),
            onOff("query", "--query"),
            khz("min_khz", "--min"),
            khz("max_khz", "--max"),
            onOff("turbo", "--turbo"),
            onOff("enforce", "--enforce")));
    calls.add(
        post(
            new Phrase(
                "vm remove",
                List.of("VM"),
                "Forget a VM until vm add, or until the daemon starts again.",
                List.of("vm remove vm0")),
            "/v1/vms/remove",
            Screen.MESSAGE,
            text("vm", "VM")));
    calls.add(
        post(
            new Phrase(
                "vm query",
                List.of("VM", "on|off"),
                "Allow a VM to ask how fast its CPUs run and what they can do, or forbid it.",
                List.of("vm query vm0 on", "vm query vm0 off")),
            "/v1/vms/query",
            Screen.VM,
            text("vm", "VM"),
            onOff("allowed", "on|off")));
    addEnvelope(calls);
  }

  private static void addEnvelope(List<Call> calls) {
    calls.add(
        post(
            new Phrase(
                "vm envelope",
                List.of("VM"),
                "Limit what a VM may ask for. What is not named stays as it was.",
                List.of(
                    "vm envelope vm0 --max 2400000 --turbo off",
                    "vm envelope vm0 --min 1200000 --enforce on",
                    "vm envelope vm0 --max hardware",
                    "vm envelope vm0 --reset"),
                List.of(
                    MIN,
                    MAX,
                    TURBO,
                    ENFORCE,
                    new Option(
                        List.of("--reset"), "", "Go back to what the configuration file says."))),
            "/v1/vms/envelope",
            Screen.VM,
            text("vm", "VM"),
            khz("min_khz", "--min"),
            khz("max_khz", "--max"),
            onOff("turbo", "--turbo"),
            onOff("enforce", "--enforce"),
            new Field("reset", Field.Type.FLAG, "--reset")));
  }

  private static void addChannels(List<Call> calls) {
    calls.add(
        get(
            new Phrase(
                "channel list",
                List.of("[VM]"),
                "List the channels of all VMs, or of one.",
                List.of("channel list", "channel list vm0")),
            "/v1/channels",
            Screen.CHANNELS));
    calls.add(
        post(
            new Phrase(
                "channel add",
                List.of("VM", "CHANNEL", "SOCKET"),
                "Take up a socket that is at another place, until the daemon ends.",
                List.of("channel add vm0 2 /run/vm0-power/other.sock")),
            "/v1/channels/add",
            Screen.CHANNELS,
            text("vm", "VM"),
            new Field("channel", Field.Type.NUMBER, "CHANNEL"),
            new Field("path", Field.Type.PATH, "SOCKET")));
    calls.add(channels("enable", "Let requests on channels count again."));
    calls.add(channels("disable", "Refuse requests on channels; what they had stays in force."));
  }

  private static Call channels(String verb, String description) {
    String words = "channel " + verb;
    return post(
        new Phrase(
            words,
            List.of("VM", "CHANNELS"),
            description,
            List.of(words + " vm0 0-1", words + " vm0 all")),
        "/v1/channels/" + verb,
        Screen.CHANNELS,
        text("vm", "VM"),
        text("channels", "CHANNELS"));
  }

  private static void addCpus(List<Call> calls) {
    calls.add(
        get(
            new Phrase(
                "cpu list",
                List.of("[CPUS]"),
                "List the pCPUs, their targets, and why.",
                List.of("cpu list", "cpu list 0-3,8")),
            "/v1/cpus/{CPUS}",
            Screen.CPUS));
    calls.add(
        get(
            new Phrase(
                "cpu show",
                List.of("CPUS"),
                "Show all there is to say about pCPUs: who asks for what, and what came of it.",
                List.of("cpu show 4", "cpu show 0xf0")),
            "/v1/cpus/{CPUS}",
            Screen.CPU));
    calls.add(
        get(
            new Phrase(
                "explain",
                List.of("CPU"),
                "Say why a pCPU runs at its speed, in a sentence and in detail.",
                List.of("explain 4")),
            "/v1/cpus/{CPU}/explanation",
            Screen.EXPLANATION));
    calls.add(
        post(
            new Phrase(
                "cpu set",
                List.of("CPUS", "LEVEL"),
                "Hold pCPUs at a level, whatever their VMs ask for, until they are released.",
                List.of("cpu set 2-3 max", "cpu set 0xf0 1800000", "cpu set 4-7 max --for 30m"),
                List.of(
                    new Option(
                        List.of("--for"),
                        "TIME",
                        "Release them by itself after 30s, 30m, 8h, 2d."))),
            "/v1/cpus/set",
            Screen.CPUS,
            text("cpus", "CPUS"),
            text("level", "LEVEL"),
            new Field("for_s", Field.Type.SECONDS, "--for")));
    calls.add(cpus("release", "Release what was held: votes count again.", "cpu release 2-3"));
    calls.add(
        cpus(
            "reclaim",
            "Take pCPUs back from another program that changed their governor or limits.",
            "cpu reclaim 4-7"));
    calls.add(
        post(
            new Phrase(
                "cpu turbo",
                List.of("CPUS", "on|off"),
                "Keep pCPUs below turbo, whoever asks for it, or let them go there again.",
                List.of("cpu turbo 4-7 off", "cpu turbo 0xf0 on")),
            "/v1/cpus/turbo",
            Screen.CPUS,
            text("cpus", "CPUS"),
            onOff("on", "on|off")));
  }

  private static Call cpus(String verb, String description, String example) {
    Phrase phrase = new Phrase("cpu " + verb, List.of("CPUS"), description, List.of(example));
    return new Call(phrase, "/v1/cpus/" + verb, CPUS, Screen.CPUS);
  }

  private static void addPinning(List<Call> calls) {
    calls.add(
        get(
            new Phrase(
                "pinning show",
                List.of("[VM]"),
                "Show where vCPUs may run, on which clocks, and with whom they share.",
                List.of("pinning show", "pinning show vm0")),
            "/v1/pinning",
            Screen.PINNING));
    calls.add(pin("pinning set", "Change where a vCPU may run."));
    calls.add(pin("pin", "Change where a vCPU may run: pinning set, in short."));
  }

  private static Call pin(String words, String description) {
    return post(
        new Phrase(
            words,
            List.of("VM", "VCPU", "CPUS"),
            description,
            List.of(words + " vm0 1 4", words + " vm0 1 4-5,8", words + " vm0 1 0x30")),
        "/v1/pin",
        Screen.MESSAGE,
        text("vm", "VM"),
        new Field("vcpu", Field.Type.NUMBER, "VCPU"),
        text("cpus", "CPUS"));
  }

  private static void addPolicies(List<Call> calls) {
    calls.add(
        get(
            new Phrase(
                "policy list",
                List.of(),
                "List the policies of guests and operators, and what they ask for now.",
                List.of("policy list")),
            "/v1/policies",
            Screen.POLICIES));
    calls.add(
        get(
            new Phrase(
                "policy show",
                List.of("NAME"),
                "Show one policy, and why it asks for what it does.",
                List.of("policy show nights", "policy show guest:vm0")),
            "/v1/policies/{NAME}",
            Screen.POLICY));
    calls.add(
        post(
            new Phrase(
                "policy apply",
                List.of("FILE"),
                "Put the policies of a TOML file in force; one of the same name is replaced.",
                List.of("policy apply nights.toml")),
            "/v1/policies/apply",
            Screen.POLICIES,
            new Field("toml", Field.Type.FILE, "FILE")));
    calls.add(
        post(
            new Phrase(
                "policy remove",
                List.of("NAME"),
                "Remove a policy: the latest request of each vCPU counts again.",
                List.of("policy remove nights", "policy remove guest:vm0")),
            "/v1/policies/remove",
            Screen.MESSAGE,
            text("name", "NAME")));
  }

  static Phrase plain(String words, String description, String example) {
    return new Phrase(words, List.of(), description, List.of(example));
  }

  static Call get(Phrase phrase, String path, Screen screen) {
    return new Call(phrase, path, null, screen);
  }

  static Call post(Phrase phrase, String path, Screen screen, Field... fields) {
    return new Call(phrase, path, List.of(fields), screen);
  }

  static Call local(Phrase phrase) {
    return new Call(phrase, "", null, Screen.LOCAL);
  }

  private static Field text(String name, String from) {
    return new Field(name, Field.Type.TEXT, from);
  }

  private static Field khz(String name, String from) {
    return new Field(name, Field.Type.KHZ, from);
  }

  private static Field onOff(String name, String from) {
    return new Field(name, Field.Type.SWITCH, from);
  }
}
