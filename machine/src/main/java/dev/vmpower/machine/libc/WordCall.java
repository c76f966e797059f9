package dev.vmpower.machine.libc;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * Functions of the C library for what happens all the time: their calls allocate nothing.
 *
 * <p>All are declared alike, with five arguments of 64 bits: to link each kind takes the JVM some
 * ms. Where C has an int, its function looks at the lower half; where it has fewer, at no others;
 * and the result is an int in the lower half where C says so. Memory is passed by its address: the
 * caller keeps it alive by what it does with it afterwards. What failed is told by -1 alone; {@link
 * CFunction} knows why.
 */
@SuppressWarnings("restricted") // native access is what this class is for
public final class WordCall {
  private static final FunctionDescriptor KIND =
      FunctionDescriptor.of(
          ValueLayout.JAVA_LONG,
          ValueLayout.JAVA_LONG,
          ValueLayout.JAVA_LONG,
          ValueLayout.JAVA_LONG,
          ValueLayout.JAVA_LONG,
          ValueLayout.JAVA_LONG);

  private WordCall() {}

  /**
   * A handle for {@code invokeExact} with five longs, which returns a long. It is fast where it is
   * a static final field.
   */
  public static MethodHandle handle(String name, Linker.Option... options) {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), KIND, options);
  }

  /** Whether the C library has such a function. */
  public static boolean isThere(String name) {
    return Linker.nativeLinker().defaultLookup().find(name).isPresent();
  }
}
