package dev.vmpower.machine.libvirt;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import org.jspecify.annotations.Nullable;

/**
 * The C functions that libvirt calls: each puts one message into the inbox and returns.
 *
 * <p>They do no more because libvirt calls them in the middle of its own work, and because an
 * exception that leaves one of them would end the JVM. Their signatures are those of the
 * virConnectDomainEvent...Callback types in libvirt-domain.h, virConnectCloseFunc in libvirt-host.h
 * and virConnectDomainQemuMonitorEventCallback in libvirt-qemu.h.
 */
final class Callbacks {
  private static final int UUID_STRING_BYTES = 37; // VIR_UUID_STRING_BUFLEN in libvirt-host.h
  private static final MethodHandles.Lookup LOOKUP = MethodHandles.lookup();

  private final LibvirtLibrary library;
  private final Inbox inbox;

  /** virConnectDomainEventCallback: started, suspended, stopped, defined and so on. */
  final MemorySegment lifecycle;

  /** virConnectDomainEventGenericCallback, for the event of a reset. */
  final MemorySegment reboot;

  /** virConnectDomainEventTunableCallback. */
  final MemorySegment tunable;

  /** virConnectDomainEventDeviceAddedCallback and -RemovedCallback. */
  final MemorySegment device;

  /**
   * Reads the domain and nothing else: for events of which only that matters. Every C ABI of Linux
   * lets a function ignore arguments that follow those it knows; libvirt itself relies on that
   * where it casts callbacks (VIR_DOMAIN_EVENT_CALLBACK).
   */
  final MemorySegment anyDomainEvent;

  /** virConnectDomainQemuMonitorEventCallback. */
  final MemorySegment vserport;

  /** virConnectCloseFunc. */
  final MemorySegment closed;

  Callbacks(LibvirtLibrary library, Inbox inbox) {
    this.library = library;
    this.inbox = inbox;
    MethodHandle changed = bound("changed", MemorySegment.class);
    MethodHandle rebooted = bound("rebooted", MemorySegment.class);
    lifecycle =
        stub(
            changed,
            FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, JAVA_INT, JAVA_INT, ADDRESS));
    reboot = stub(rebooted, FunctionDescriptor.ofVoid(ADDRESS, ADDRESS, ADDRESS));
    tunable =
        stub(changed, FunctionDescriptor.ofVoid(ADDRESS, ADDRESS, ADDRESS, JAVA_INT, ADDRESS));
    device = stub(changed, FunctionDescriptor.ofVoid(ADDRESS, ADDRESS, ADDRESS, ADDRESS));
    anyDomainEvent = stub(changed, FunctionDescriptor.ofVoid(ADDRESS, ADDRESS));
    vserport =
        library.stub(
            bound(
                "vserport",
                MemorySegment.class,
                MemorySegment.class,
                MemorySegment.class,
                long.class,
                int.class,
                MemorySegment.class,
                MemorySegment.class),
            FunctionDescriptor.ofVoid(
                ADDRESS, ADDRESS, ADDRESS, JAVA_LONG, JAVA_INT, ADDRESS, ADDRESS));
    closed =
        library.stub(
            bound("closed", MemorySegment.class, int.class, MemorySegment.class),
            FunctionDescriptor.ofVoid(ADDRESS, JAVA_INT, ADDRESS));
  }

  private MethodHandle bound(String method, Class<?>... arguments) {
    try {
      return LOOKUP.bind(this, method, MethodType.methodType(void.class, arguments));
    } catch (ReflectiveOperationException bug) {
      throw new IllegalStateException(bug);
    }
  }

  // Gives a method that wants only the domain, which is always the second argument, the signature
  // that libvirt calls. A result that libvirt ignores becomes 0.
  private MemorySegment stub(MethodHandle ofDomain, FunctionDescriptor descriptor) {
    MethodType type = descriptor.toMethodType();
    MethodHandle ofAll = MethodHandles.dropArguments(ofDomain, 0, type.parameterType(0));
    ofAll =
        MethodHandles.dropArguments(
            ofAll, 2, type.parameterList().subList(2, type.parameterCount()));
    return library.stub(ofAll.asType(type), descriptor);
  }

  @SuppressWarnings("unused") // by method handle
  private void changed(MemorySegment domain) {
    guarded(() -> add(domain, Inbox.Message.Changed::new));
  }

  @SuppressWarnings("unused")
  private void rebooted(MemorySegment domain) {
    guarded(() -> add(domain, Inbox.Message.Rebooted::new));
  }

  @SuppressWarnings("unused")
  private void vserport(
      MemorySegment connection,
      MemorySegment domain,
      MemorySegment event,
      long seconds,
      int micros,
      MemorySegment details,
      MemorySegment opaque) {
    guarded(
        () -> {
          VserportChange change = VserportChange.parse(LibvirtLibrary.text(details));
          add(
              domain,
              uuid ->
                  change == null
                      ? new Inbox.Message.Changed(uuid)
                      : new Inbox.Message.Port(uuid, change.id(), change.open()));
        });
  }

  @SuppressWarnings("unused")
  private void closed(MemorySegment connection, int reason, MemorySegment opaque) {
    // virConnectCloseReason in libvirt-common.h
    String why =
        switch (reason) {
          case 1 -> "libvirt closed the connection";
          case 2 -> "libvirt does not answer";
          default -> "the connection to libvirt broke";
        };
    guarded(() -> inbox.add(new Inbox.Message.Broken(why)));
  }

  private void add(
      MemorySegment domain, java.util.function.Function<String, Inbox.Message> message) {
    String uuid = uuid(library, domain);
    if (uuid != null) {
      inbox.add(message.apply(uuid));
    }
  }

  /** The uuid of a domain, which libvirt knows without asking anybody. */
  static @Nullable String uuid(LibvirtLibrary library, MemorySegment domain) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(UUID_STRING_BYTES);
      return library.virDomainGetUUIDString(domain, buffer) < 0 ? null : buffer.getString(0);
    }
  }

  // An event that cannot be told is made good by the sweeps.
  private static void guarded(Runnable callback) {
    try {
      callback.run();
    } catch (Throwable failed) {
      System.getLogger(Callbacks.class.getName())
          .log(System.Logger.Level.WARNING, "an event of libvirt was lost", failed);
    }
  }
}
