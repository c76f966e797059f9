package dev.vmpower.cli;

import java.util.Map;

/** What each first word of two and each label of vmpowerctl stands for. */
final class Glossary {
  static final Map<String, String> OF_CTL =
      Map.ofEntries(
          Map.entry("vm", "See VMs, and say what they may ask for."),
          Map.entry("channel", "See channels, and whether their requests count."),
          Map.entry("cpu", "See what pCPUs do, and hold them at a level by hand."),
          Map.entry("pinning", "See and change where vCPUs may run."),
          Map.entry("policy", "Let the host decide by itself, by the clock or by what it counts."),
          Map.entry("CPU", "The number of a pCPU."),
          Map.entry("CPUS", "pCPUs: a list such as 0-3,8 or a mask such as 0xff."),
          Map.entry("PCPUS", "The pCPUs of vCPU 0, of vCPU 1, and so on: lists or masks."),
          Map.entry("LEVEL", "max, min, up (one step), down (one step), or a number of kHz."),
          Map.entry("VM", "The name of a VM."),
          Map.entry("VCPU", "The number of one of its vCPUs."),
          Map.entry("CHANNEL", "The number of a channel."),
          Map.entry("CHANNELS", "Channel numbers such as 0-1, or all."),
          Map.entry("SOCKET", "Where the channel's socket is."),
          Map.entry("DIR", "The directory of its sockets VM.0, VM.1, ..."),
          Map.entry("NAME", "The name of a policy, as policy list has it."),
          Map.entry("FILE", "A file to read."),
          Map.entry("on|off", "Allow it, or not."));

  private Glossary() {}
}
