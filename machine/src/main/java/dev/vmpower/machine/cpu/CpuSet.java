package dev.vmpower.machine.cpu;

import java.util.Arrays;
import java.util.BitSet;
import java.util.HexFormat;
import java.util.PrimitiveIterator;
import java.util.function.IntConsumer;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * An immutable set of pCPU numbers, written the kernel's way: {@code 0-3,8}.
 *
 * <p>The kernel's own lists come in two forms, {@code 0-3,8} (online, thread_siblings_list) and
 * {@code 0 1 2 3} (affected_cpus, related_cpus); {@link #parse} reads both.
 */
public final class CpuSet {
  /** pCPU numbers are below this; the largest kernels of distributions have 8192. */
  public static final int CPUS_MAX = 8192;

  /** What an error message shows of a text that is no set. */
  private static final int SHOWN_CHARS_MAX = 64;

  private static final Pattern BETWEEN = Pattern.compile("\\s*,\\s*|\\s+");
  private static final CpuSet EMPTY = new CpuSet(new int[0]);

  private final int[] cpus; // ascending

  private CpuSet(int[] cpus) {
    this.cpus = cpus;
  }

  public static CpuSet of(int... cpus) {
    return copyOf(IntStream.of(cpus));
  }

  public static CpuSet copyOf(BitSet bits) {
    return copyOf(bits.stream());
  }

  private static CpuSet copyOf(IntStream cpus) {
    int[] sorted = cpus.sorted().distinct().toArray();
    if (sorted.length == 0) {
      return EMPTY;
    }
    if (sorted[0] < 0 || sorted[sorted.length - 1] >= CPUS_MAX) {
      throw new IllegalArgumentException("CPU numbers go from 0 to " + (CPUS_MAX - 1));
    }
    return new CpuSet(sorted);
  }

  /**
   * Reads {@code 0-3,8} or {@code 0 1 2 3}; an empty text is the empty set.
   *
   * @throws IllegalArgumentException with a line for the operator if {@code text} is no such list
   */
  public static CpuSet parse(String text) {
    if (text.isBlank()) {
      return EMPTY;
    }
    BitSet bits = new BitSet();
    for (String part : BETWEEN.split(text.strip(), -1)) {
      addRange(bits, part, text);
    }
    return copyOf(bits);
  }

  /**
   * Reads a mask such as {@code 0xff}, bit 0 being pCPU 0.
   *
   * @throws IllegalArgumentException with a line for the operator if {@code text} is no mask
   */
  public static CpuSet parseMask(String text) {
    String digits = text.startsWith("0x") || text.startsWith("0X") ? text.substring(2) : text;
    if (digits.isEmpty() || digits.length() > CPUS_MAX / 4) {
      throw notAMask(text);
    }
    BitSet bits = new BitSet();
    for (int i = 0; i < digits.length(); i++) {
      char digit = digits.charAt(digits.length() - 1 - i);
      if (!HexFormat.isHexDigit(digit)) {
        throw notAMask(text);
      }
      int nibble = HexFormat.fromHexDigit(digit);
      for (int bit = 0; bit < 4; bit++) {
        if ((nibble & 1 << bit) != 0) {
          bits.set(4 * i + bit);
        }
      }
    }
    return copyOf(bits);
  }

  private static void addRange(BitSet bits, String part, String text) {
    int dash = part.indexOf('-');
    int first = number(dash < 0 ? part : part.substring(0, dash), text);
    int last = dash < 0 ? first : number(part.substring(dash + 1), text);
    if (last < first) {
      throw notAList(text);
    }
    bits.set(first, last + 1);
  }

  private static int number(String digits, String text) {
    if (digits.isEmpty()
        || digits.length() > 9
        || !digits.chars().allMatch(c -> c >= '0' && c <= '9')) {
      throw notAList(text);
    }
    int cpu = Integer.parseInt(digits);
    if (cpu >= CPUS_MAX) {
      throw new IllegalArgumentException("CPU " + cpu + " is above " + (CPUS_MAX - 1));
    }
    return cpu;
  }

  private static IllegalArgumentException notAList(String text) {
    return new IllegalArgumentException(shown(text) + " is no list of CPUs such as 0-3,8");
  }

  private static IllegalArgumentException notAMask(String text) {
    return new IllegalArgumentException(shown(text) + " is no CPU mask such as 0xff");
  }

  private static String shown(String text) {
    String line = text.replaceAll("[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]", "?");
    boolean whole = line.length() <= SHOWN_CHARS_MAX;
    return "'" + (whole ? line : line.substring(0, SHOWN_CHARS_MAX) + "...") + "'";
  }

  public boolean contains(int cpu) {
    return Arrays.binarySearch(cpus, cpu) >= 0;
  }

  public boolean containsAll(CpuSet others) {
    return others.stream().allMatch(this::contains);
  }

  public boolean intersects(CpuSet others) {
    for (int cpu : cpus) {
      if (others.contains(cpu)) {
        return true;
      }
    }
    return false;
  }

  public CpuSet intersection(CpuSet others) {
    int[] common = new int[cpus.length];
    int count = 0;
    for (int cpu : cpus) {
      if (others.contains(cpu)) {
        common[count++] = cpu;
      }
    }
    return count == cpus.length ? this : new CpuSet(Arrays.copyOf(common, count));
  }

  public CpuSet union(CpuSet others) {
    return copyOf(IntStream.concat(stream(), others.stream()));
  }

  public CpuSet without(CpuSet others) {
    return copyOf(stream().filter(cpu -> !others.contains(cpu)));
  }

  public boolean isEmpty() {
    return cpus.length == 0;
  }

  public int size() {
    return cpus.length;
  }

  /** The {@code index}th pCPU in ascending order, so {@code get(0)} is the lowest. */
  public int get(int index) {
    return cpus[index];
  }

  public IntStream stream() {
    return Arrays.stream(cpus);
  }

  public void forEach(IntConsumer action) {
    for (int cpu : cpus) {
      action.accept(cpu);
    }
  }

  /** The pCPUs in ascending order. */
  public PrimitiveIterator.OfInt iterator() {
    return stream().iterator();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof CpuSet set && Arrays.equals(cpus, set.cpus);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(cpus);
  }

  /** The set as the kernel and the configuration write it: {@code 0-3,8}; empty for none. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < cpus.length; i++) {
      int first = cpus[i];
      while (i + 1 < cpus.length && cpus[i + 1] == cpus[i] + 1) {
        i++;
      }
      text.append(text.isEmpty() ? "" : ",").append(first);
      if (cpus[i] != first) {
        text.append('-').append(cpus[i]);
      }
    }
    return text.toString();
  }
}
