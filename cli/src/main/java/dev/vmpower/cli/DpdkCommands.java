package dev.vmpower.cli;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The commands of DPDK's host manager, and the verbs that they are here: one table.
 *
 * <p>Of a command, a word in capitals stands for any; one with bars for one of these; others for
 * themselves. In the verb the same word stands for what was given.
 */
final class DpdkCommands {
  /**
   * One line of the table.
   *
   * @param note what is different here; empty for nothing
   */
  record Line(String command, String verb, String note) {
    String name() {
      return words(command).getFirst();
    }
  }

  static final List<Line> TABLE =
      List.of(
          new Line(
              "add_vm VM",
              "vm add VM",
              "VMs are known by themselves; this takes up again what rm_vm removed"),
          new Line("rm_vm VM", "vm remove VM", ""),
          new Line(
              "add_channels VM LIST|all",
              "channel list VM",
              "channels are taken up by themselves, and need not be added"),
          new Line("set_channel_status VM LIST|all enabled", "channel enable VM LIST|all", ""),
          new Line("set_channel_status VM LIST|all disabled", "channel disable VM LIST|all", ""),
          new Line("show_vm VM", "vm show VM", ""),
          new Line(
              "set_pcpu_mask VM VCPU MASK",
              "pinning set VM VCPU MASK",
              "the vCPU is pinned, not only taken to be"),
          new Line(
              "set_pcpu VM VCPU PCPU",
              "pinning set VM VCPU PCPU",
              "the vCPU is pinned, not only taken to be"),
          new Line("set_query VM enable", "vm query VM on", ""),
          new Line("set_query VM disable", "vm query VM off", ""),
          new Line("show_cpu_freq PCPU", "cpu list PCPU", ""),
          new Line("show_cpu_freq_mask MASK", "cpu list MASK", ""),
          new Line(
              "set_cpu_freq PCPU up|down|min|max",
              "cpu set PCPU up|down|min|max",
              "it stays, whatever guests ask for, until cpu release"),
          new Line("set_cpu_freq PCPU enable_turbo", "cpu turbo PCPU on", ""),
          new Line("set_cpu_freq PCPU disable_turbo", "cpu turbo PCPU off", ""),
          new Line(
              "set_cpu_freq_mask MASK up|down|min|max",
              "cpu set MASK up|down|min|max",
              "it stays, whatever guests ask for, until cpu release"),
          new Line("quit", "quit", ""));

  private static final String MASK = "MASK";

  private DpdkCommands() {}

  /**
   * The line that a command is; null where its first word is none of DPDK's.
   *
   * @throws FailureException if it is one of DPDK's, and the rest is wrong
   */
  static @Nullable Line find(List<String> command) throws FailureException {
    StringBuilder usage = new StringBuilder();
    for (Line line : TABLE) {
      if (line.name().equals(command.getFirst())) {
        if (matches(words(line.command()), command)) {
          return line;
        }
        usage.append(usage.isEmpty() ? "" : ", or ").append(line.command());
      }
    }
    if (usage.isEmpty()) {
      return null;
    }
    throw new FailureException(FailureException.USAGE, "write " + usage);
  }

  private static boolean matches(List<String> pattern, List<String> command) {
    if (pattern.size() != command.size()) {
      return false;
    }
    for (int i = 0; i < pattern.size(); i++) {
      String word = pattern.get(i);
      if (!isAny(word) && !split(word, '|').contains(command.get(i))) {
        return false;
      }
    }
    return true;
  }

  /**
   * The words of the verb that a command is.
   *
   * @throws FailureException if a mask is none
   */
  static List<String> verb(Line line, List<String> command) throws FailureException {
    List<String> pattern = words(line.command());
    List<String> verb = new ArrayList<>();
    for (String word : words(line.verb())) {
      int at = pattern.indexOf(word);
      if (at <= 0) {
        verb.add(word);
      } else {
        verb.add(word.equals(MASK) ? mask(command.get(at)) : command.get(at));
      }
    }
    return verb;
  }

  /** DPDK reads masks as C does; here a number without 0x would be a CPU's. */
  private static String mask(String word) throws FailureException {
    if (word.startsWith("0x") || word.startsWith("0X")) {
      return word;
    }
    try {
      boolean octal = word.startsWith("0") && word.length() > 1;
      return "0x" + Long.toHexString(Long.parseUnsignedLong(word, octal ? 8 : 10));
    } catch (NumberFormatException notAMask) {
      throw new FailureException(
          FailureException.USAGE, "'" + word + "' is no mask of CPUs such as 0xff");
    }
  }

  /** Whether a word of the table stands for any other. */
  static boolean isAny(String word) {
    return Character.isUpperCase(word.charAt(0));
  }

  static List<String> words(String text) {
    return split(text, ' ');
  }

  static List<String> split(String text, char at) {
    List<String> parts = new ArrayList<>();
    int from = 0;
    for (int to = text.indexOf(at); to >= 0; to = text.indexOf(at, from)) {
      parts.add(text.substring(from, to));
      from = to + 1;
    }
    parts.add(text.substring(from));
    return parts;
  }
}
