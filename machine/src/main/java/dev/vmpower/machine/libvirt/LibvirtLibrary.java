package dev.vmpower.machine.libvirt;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The C functions of libvirt that we call, under their own names.
 *
 * <p>Signatures are those of libvirt 9.0's public headers: libvirt-host.h (virConnect*, virNode*),
 * libvirt-domain.h (virDomain*), libvirt-event.h (virEvent*), virterror.h (virGetLastError*) and
 * libvirt-qemu.h. All of them are older than libvirt 1.2.15. The libraries are loaded when a watch
 * starts, so a host without libvirt can run everything else.
 *
 * <p>Thread-safe, as libvirt is. Its last error belongs to the calling thread.
 */
@SuppressWarnings("restricted") // native access is what this class is for
final class LibvirtLibrary {
  /** The library that every libvirt since 2005 installs. */
  static final String FILE = "libvirt.so.0";

  private static final String QEMU_FILE = "libvirt-qemu.so.0";

  /** The longest text that libvirt's own protocol carries (REMOTE_STRING_MAX). */
  static final int STRING_BYTES_MAX = 4 << 20;

  private final Linker linker = Linker.nativeLinker();
  private final SymbolLookup symbols;

  private final Function virConnectOpen;
  private final Function virConnectClose;
  private final Function virConnectIsAlive;
  private final Function virConnectSetKeepAlive;
  private final Function virConnectRegisterCloseCallback;
  private final Function virConnectUnregisterCloseCallback;
  private final Function virConnectDomainEventRegisterAny;
  private final Function virConnectDomainEventDeregisterAny;
  private final Function virConnectListAllDomains;
  private final Function virNodeGetCPUMap;
  private final Function virDomainLookupByName;
  private final Function virDomainLookupByUUIDString;
  private final Function virDomainFree;
  private final Function virDomainGetUUIDString;
  private final Function virDomainGetID;
  private final Function virDomainIsActive;
  private final Function virDomainGetState;
  private final Function virDomainGetXMLDesc;
  private final Function virDomainGetVcpus;
  private final Function virDomainGetVcpuPinInfo;
  private final Function virDomainPinVcpuFlags;
  private final Function virEventRunDefaultImpl;
  private final Function virGetLastErrorCode;
  private final Function virGetLastErrorMessage;
  private final Function free;
  private final @Nullable Function virConnectDomainQemuMonitorEventRegister;
  private final @Nullable Function virConnectDomainQemuMonitorEventDeregister;

  private LibvirtLibrary(SymbolLookup symbols, @Nullable SymbolLookup qemu) {
    this.symbols = symbols;
    virConnectOpen = function("virConnectOpen", ADDRESS, ADDRESS);
    virConnectClose = function("virConnectClose", JAVA_INT, ADDRESS);
    virConnectIsAlive = function("virConnectIsAlive", JAVA_INT, ADDRESS);
    virConnectSetKeepAlive =
        function("virConnectSetKeepAlive", JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT);
    virConnectRegisterCloseCallback =
        function("virConnectRegisterCloseCallback", JAVA_INT, ADDRESS, ADDRESS, ADDRESS, ADDRESS);
    virConnectUnregisterCloseCallback =
        function("virConnectUnregisterCloseCallback", JAVA_INT, ADDRESS, ADDRESS);
    virConnectDomainEventRegisterAny =
        function(
            "virConnectDomainEventRegisterAny",
            JAVA_INT,
            ADDRESS,
            ADDRESS,
            JAVA_INT,
            ADDRESS,
            ADDRESS,
            ADDRESS);
    virConnectDomainEventDeregisterAny =
        function("virConnectDomainEventDeregisterAny", JAVA_INT, ADDRESS, JAVA_INT);
    virConnectListAllDomains =
        function("virConnectListAllDomains", JAVA_INT, ADDRESS, ADDRESS, JAVA_INT);
    virNodeGetCPUMap = function("virNodeGetCPUMap", JAVA_INT, ADDRESS, ADDRESS, ADDRESS, JAVA_INT);
    virDomainLookupByName = function("virDomainLookupByName", ADDRESS, ADDRESS, ADDRESS);
    virDomainLookupByUUIDString =
        function("virDomainLookupByUUIDString", ADDRESS, ADDRESS, ADDRESS);
    virDomainFree = function("virDomainFree", JAVA_INT, ADDRESS);
    virDomainGetUUIDString = function("virDomainGetUUIDString", JAVA_INT, ADDRESS, ADDRESS);
    virDomainGetID = function("virDomainGetID", JAVA_INT, ADDRESS);
    virDomainIsActive = function("virDomainIsActive", JAVA_INT, ADDRESS);
    virDomainGetState =
        function("virDomainGetState", JAVA_INT, ADDRESS, ADDRESS, ADDRESS, JAVA_INT);
    virDomainGetXMLDesc = function("virDomainGetXMLDesc", ADDRESS, ADDRESS, JAVA_INT);
    virDomainGetVcpus =
        function("virDomainGetVcpus", JAVA_INT, ADDRESS, ADDRESS, JAVA_INT, ADDRESS, JAVA_INT);
    virDomainGetVcpuPinInfo =
        function(
            "virDomainGetVcpuPinInfo", JAVA_INT, ADDRESS, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT);
    virDomainPinVcpuFlags =
        function("virDomainPinVcpuFlags", JAVA_INT, ADDRESS, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT);
    virEventRunDefaultImpl = function("virEventRunDefaultImpl", JAVA_INT);
    virGetLastErrorCode = function("virGetLastErrorCode", JAVA_INT);
    virGetLastErrorMessage = function("virGetLastErrorMessage", ADDRESS);
    free = function(linker.defaultLookup(), "free", null, ADDRESS);
    virConnectDomainQemuMonitorEventRegister =
        qemu == null
            ? null
            : function(
                qemu,
                "virConnectDomainQemuMonitorEventRegister",
                JAVA_INT,
                ADDRESS,
                ADDRESS,
                ADDRESS,
                ADDRESS,
                ADDRESS,
                ADDRESS,
                JAVA_INT);
    virConnectDomainQemuMonitorEventDeregister =
        qemu == null
            ? null
            : function(
                qemu, "virConnectDomainQemuMonitorEventDeregister", JAVA_INT, ADDRESS, JAVA_INT);
  }

  /**
   * Loads and initializes libvirt, with its errors kept off stderr and its default event loop
   * registered: that must come before the first connection.
   */
  static LibvirtLibrary load(String file) throws LibvirtException {
    Optional<SymbolLookup> symbols = lookup(file);
    if (symbols.isEmpty()) {
      throw new LibvirtException("libvirt is not installed here: " + file + " cannot be loaded");
    }
    LibvirtLibrary library;
    try {
      library = new LibvirtLibrary(symbols.get(), lookup(QEMU_FILE).orElse(null));
    } catch (MissingSymbolException tooOld) {
      throw new LibvirtException(file + " is too old: it lacks " + tooOld.getMessage());
    }
    library.initialize();
    return library;
  }

  private static Optional<SymbolLookup> lookup(String file) {
    try {
      return Optional.of(SymbolLookup.libraryLookup(file, Arena.global()));
    } catch (IllegalArgumentException absent) {
      return Optional.empty();
    }
  }

  // The handler's stub lives for ever: libvirt keeps the pointer for the whole process.
  private void initialize() throws LibvirtException {
    MethodHandle silence =
        MethodHandles.empty(
            MethodType.methodType(void.class, MemorySegment.class, MemorySegment.class));
    MemorySegment handler = stub(silence, FunctionDescriptor.ofVoid(ADDRESS, ADDRESS));
    function("virSetErrorFunc", null, ADDRESS, ADDRESS).call(MemorySegment.NULL, handler);
    if ((int) function("virInitialize", JAVA_INT).call() < 0
        || (int) function("virEventRegisterDefaultImpl", JAVA_INT).call() < 0) {
      throw failure();
    }
  }

  /** A C function pointer to {@code target}; it is never freed, since libvirt may call it late. */
  MemorySegment stub(MethodHandle target, FunctionDescriptor descriptor) {
    return linker.upcallStub(target, descriptor, Arena.global());
  }

  /** One more function of libvirt, for the tests. */
  Function function(String name, @Nullable MemoryLayout result, MemoryLayout... arguments) {
    return function(symbols, name, result, arguments);
  }

  private Function function(
      SymbolLookup from, String name, @Nullable MemoryLayout result, MemoryLayout... arguments) {
    MemorySegment address = from.find(name).orElseThrow(() -> new MissingSymbolException(name));
    FunctionDescriptor descriptor =
        result == null
            ? FunctionDescriptor.ofVoid(arguments)
            : FunctionDescriptor.of(result, arguments);
    MethodHandle exact = linker.downcallHandle(address, descriptor);
    return new Function(
        name,
        exact
            .asSpreader(Object[].class, arguments.length)
            .asType(MethodType.methodType(Object.class, Object[].class)));
  }

  /** What libvirt says about this thread's last failed call. */
  LibvirtException failure() {
    int code = (int) virGetLastErrorCode.call();
    String message = text((MemorySegment) virGetLastErrorMessage.call());
    return new LibvirtException(message == null ? "libvirt error " + code : message, code);
  }

  /** The memory of {@code bytes} that libvirt returned a pointer to. */
  static MemorySegment memory(MemorySegment pointer, long bytes) {
    return pointer.reinterpret(bytes);
  }

  /** A C string that libvirt keeps; null for NULL. */
  static @Nullable String text(MemorySegment string) {
    return string.equals(MemorySegment.NULL)
        ? null
        : string.reinterpret(STRING_BYTES_MAX + 1L).getString(0);
  }

  MemorySegment virConnectOpen(MemorySegment uri) {
    return (MemorySegment) virConnectOpen.call(uri);
  }

  int virConnectClose(MemorySegment connection) {
    return (int) virConnectClose.call(connection);
  }

  int virConnectIsAlive(MemorySegment connection) {
    return (int) virConnectIsAlive.call(connection);
  }

  int virConnectSetKeepAlive(MemorySegment connection, int intervalSeconds, int count) {
    return (int) virConnectSetKeepAlive.call(connection, intervalSeconds, count);
  }

  int virConnectRegisterCloseCallback(MemorySegment connection, MemorySegment callback) {
    return (int)
        virConnectRegisterCloseCallback.call(
            connection, callback, MemorySegment.NULL, MemorySegment.NULL);
  }

  int virConnectUnregisterCloseCallback(MemorySegment connection, MemorySegment callback) {
    return (int) virConnectUnregisterCloseCallback.call(connection, callback);
  }

  int virConnectDomainEventRegisterAny(MemorySegment connection, int event, MemorySegment stub) {
    return (int)
        virConnectDomainEventRegisterAny.call(
            connection, MemorySegment.NULL, event, stub, MemorySegment.NULL, MemorySegment.NULL);
  }

  int virConnectDomainEventDeregisterAny(MemorySegment connection, int callbackId) {
    return (int) virConnectDomainEventDeregisterAny.call(connection, callbackId);
  }

  /** Returns -1, as for a connection that is not QEMU's, where libvirt-qemu is not installed. */
  int virConnectDomainQemuMonitorEventRegister(
      MemorySegment connection, MemorySegment event, MemorySegment stub) {
    if (virConnectDomainQemuMonitorEventRegister == null) {
      return -1;
    }
    MemorySegment none = MemorySegment.NULL;
    return (int)
        virConnectDomainQemuMonitorEventRegister.call(connection, none, event, stub, none, none, 0);
  }

  int virConnectDomainQemuMonitorEventDeregister(MemorySegment connection, int callbackId) {
    return virConnectDomainQemuMonitorEventDeregister == null
        ? -1
        : (int) virConnectDomainQemuMonitorEventDeregister.call(connection, callbackId);
  }

  int virConnectListAllDomains(MemorySegment connection, MemorySegment domains, int flags) {
    return (int) virConnectListAllDomains.call(connection, domains, flags);
  }

  /** The number of CPUs of the host, offline ones too; no map is asked for. */
  int virNodeGetCPUMap(MemorySegment connection) {
    return (int) virNodeGetCPUMap.call(connection, MemorySegment.NULL, MemorySegment.NULL, 0);
  }

  MemorySegment virDomainLookupByName(MemorySegment connection, MemorySegment name) {
    return (MemorySegment) virDomainLookupByName.call(connection, name);
  }

  MemorySegment virDomainLookupByUUIDString(MemorySegment connection, MemorySegment uuid) {
    return (MemorySegment) virDomainLookupByUUIDString.call(connection, uuid);
  }

  int virDomainFree(MemorySegment domain) {
    return (int) virDomainFree.call(domain);
  }

  int virDomainGetUUIDString(MemorySegment domain, MemorySegment buffer) {
    return (int) virDomainGetUUIDString.call(domain, buffer);
  }

  int virDomainGetID(MemorySegment domain) {
    return (int) virDomainGetID.call(domain);
  }

  int virDomainIsActive(MemorySegment domain) {
    return (int) virDomainIsActive.call(domain);
  }

  int virDomainGetState(MemorySegment domain, MemorySegment state, MemorySegment reason) {
    return (int) virDomainGetState.call(domain, state, reason, 0);
  }

  MemorySegment virDomainGetXMLDesc(MemorySegment domain, int flags) {
    return (MemorySegment) virDomainGetXMLDesc.call(domain, flags);
  }

  int virDomainGetVcpus(
      MemorySegment domain, MemorySegment infos, int count, MemorySegment maps, int mapBytes) {
    return (int) virDomainGetVcpus.call(domain, infos, count, maps, mapBytes);
  }

  int virDomainGetVcpuPinInfo(
      MemorySegment domain, int count, MemorySegment maps, int mapBytes, int flags) {
    return (int) virDomainGetVcpuPinInfo.call(domain, count, maps, mapBytes, flags);
  }

  int virDomainPinVcpuFlags(
      MemorySegment domain, int vcpu, MemorySegment map, int mapBytes, int flags) {
    return (int) virDomainPinVcpuFlags.call(domain, vcpu, map, mapBytes, flags);
  }

  int virEventRunDefaultImpl() {
    return (int) virEventRunDefaultImpl.call();
  }

  /** Frees what libvirt allocated for us. */
  void free(MemorySegment allocated) {
    free.call(allocated);
  }

  /** One C function; its arguments are checked against its signature when it is called. */
  record Function(String name, MethodHandle handle) {
    // The casts of the callers are safe: only a void function returns null, and nobody casts that.
    @SuppressWarnings("NullAway")
    Object call(Object... arguments) {
      try {
        return (Object) handle.invokeExact(arguments);
      } catch (Throwable bug) {
        throw new IllegalStateException(name, bug);
      }
    }
  }

  private static final class MissingSymbolException extends RuntimeException {
    MissingSymbolException(String name) {
      super(name);
    }
  }
}
