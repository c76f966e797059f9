package dev.vmpower.machine.libc;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodType;

/**
 * A function of the C library that returns -1 and sets errno(3) where it fails.
 *
 * <p>Each call allocates: this is for what happens now and then. Thread-safe.
 */
@SuppressWarnings("restricted") // native access is what this class is for
public final class CFunction {
  private static final Linker LINKER = Linker.nativeLinker();
  private static final StructLayout CALL_STATE = Linker.Option.captureStateLayout();
  private static final long ERRNO_OFFSET =
      CALL_STATE.byteOffset(MemoryLayout.PathElement.groupElement("errno"));
  private static final int ERROR_TEXT_BYTES_MAX = 1024;
  private static final MethodHandle STRERROR =
      LINKER.downcallHandle(
          LINKER.defaultLookup().findOrThrow("strerror"),
          FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.JAVA_INT));

  private final String name;
  private final MethodHandle handle;

  private CFunction(String name, FunctionDescriptor descriptor, Linker.Option... options) {
    this.name = name;
    this.handle =
        LINKER
            .downcallHandle(LINKER.defaultLookup().findOrThrow(name), descriptor, options)
            .asSpreader(1, Object[].class, descriptor.argumentLayouts().size())
            .asType(MethodType.methodType(Number.class, MemorySegment.class, Object[].class));
  }

  /** A function that returns {@code result}, an int or a long. */
  public static CFunction of(String name, ValueLayout result, MemoryLayout... arguments) {
    return new CFunction(
        name, FunctionDescriptor.of(result, arguments), Linker.Option.captureCallState("errno"));
  }

  /** A function that takes any arguments after its first {@code fixed} ones. */
  public static CFunction variadic(
      String name, int fixed, ValueLayout result, MemoryLayout... arguments) {
    return new CFunction(
        name,
        FunctionDescriptor.of(result, arguments),
        Linker.Option.captureCallState("errno"),
        Linker.Option.firstVariadicArg(fixed));
  }

  /**
   * Calls it; the arguments are checked against its signature.
   *
   * @throws ErrnoException if it returned -1
   */
  public long call(Object... arguments) throws ErrnoException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(CALL_STATE);
      long result = invoke(state, arguments);
      if (result == -1) {
        int errno = state.get(ValueLayout.JAVA_INT, ERRNO_OFFSET);
        throw new ErrnoException(name + ": " + text(errno), errno);
      }
      return result;
    }
  }

  private long invoke(MemorySegment state, Object[] arguments) {
    try {
      return ((Number) handle.invokeExact(state, arguments)).longValue();
    } catch (RuntimeException | Error bug) {
      throw bug;
    } catch (Throwable impossible) {
      throw new AssertionError(name + " does not throw", impossible);
    }
  }

  private static String text(int errno) {
    try {
      MemorySegment text = (MemorySegment) STRERROR.invokeExact(errno);
      return text.reinterpret(ERROR_TEXT_BYTES_MAX).getString(0);
    } catch (Throwable impossible) {
      throw new AssertionError("strerror does not throw", impossible);
    }
  }
}
