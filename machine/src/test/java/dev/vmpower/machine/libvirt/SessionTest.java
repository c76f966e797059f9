package dev.vmpower.machine.libvirt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vmpower.machine.libvirt.DomainInfo.State;
import dev.vmpower.machine.libvirt.Inbox.Message;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Drives a session with fake domains and a clock that the test moves. */
class SessionTest {
  /** What the guard logs of a planned failure is no news; held, since loggers are weak. */
  private static final Logger QUIET = Logger.getLogger(LibvirtWatch.class.getName());

  private static final long SECOND_NS = 1_000_000_000L;

  private final FakeDomains domains = new FakeDomains();
  private final RecordingListener told = new RecordingListener();
  private long nowNs = Long.MAX_VALUE - SECOND_NS; // nanoTime may overflow at any moment
  private final Session session = new Session(domains, new GuardedListener(told), () -> nowNs);

  @BeforeEach
  void twoDomains() {
    QUIET.setLevel(Level.OFF);
    domains.run("a", 1, "0");
    domains.shutOff("b");
  }

  @Test
  void beginTellsOfAllDomainsAtOnce() throws LibvirtException {
    session.begin();

    assertThat(told.drain()).containsExactly("connected [a, b]");
  }

  @Test
  void beginFailsWhereTheConnectionBrokeMeanwhile() {
    domains.alive = false;

    assertThatThrownBy(session::begin).isInstanceOf(LibvirtException.class);
    assertThat(told.drain()).isEmpty();
  }

  @Test
  void aBurstOfEventsOfOneDomainIsReadOnce() throws LibvirtException {
    begin();
    domains.reads.clear();

    take(new Message.Changed("a"), new Message.Changed("a"), new Message.Changed("a"));

    assertThat(domains.reads).containsExactly("a");
    assertThat(told.drain()).containsExactly("changed a RUNNING 0");
  }

  @Test
  void aRebootIsToldAndTheDomainReadAgain() throws LibvirtException {
    begin();

    take(new Message.Rebooted("a"));

    assertThat(told.drain()).containsExactly("rebooted a", "changed a RUNNING 0");
  }

  @Test
  void goneIsToldOnceAndOnlyOfDomainsThatWereKnown() throws LibvirtException {
    begin();
    domains.remove("a");

    take(new Message.Changed("a"), new Message.Changed("never"));
    take(new Message.Changed("a"));

    assertThat(told.drain()).containsExactly("gone a");
  }

  @Test
  void anUnreadableDomainHindersNoOtherAndIsReadInALaterSweep() throws LibvirtException {
    domains.setReadable("a", false);
    session.begin();
    assertThat(told.drain()).containsExactly("connected [b]");

    take(new Message.Changed("a"), new Message.Changed("b"));
    assertThat(told.drain()).containsExactly("changed b SHUT_OFF 0");

    domains.setReadable("a", true);
    pass(10);
    assertThat(told.drain()).containsExactly("changed a RUNNING 0");
  }

  @Test
  void anUnreadableDomainThatWasKnownIsNotGone() throws LibvirtException {
    begin();
    domains.setReadable("b", false);
    take(new Message.Changed("b"));
    domains.put("b", -1, State.SHUT_OFF, "3");
    domains.setReadable("b", true);
    assertThat(told.drain()).isEmpty();

    pass(10);

    assertThat(told.drain()).containsExactly("changed b SHUT_OFF 3");
  }

  @Test
  void aFaultOfOursWithOneDomainHindersNoOther() throws LibvirtException {
    domains.run("c", 3, "2");
    begin();
    domains.faulty.add("a");
    domains.run("c", 3, "3");

    take(new Message.Changed("a"), new Message.Changed("b"));
    assertThat(told.drain()).containsExactly("changed b SHUT_OFF 0");
    pass(5);
    assertThat(told.drain()).containsExactly("changed c RUNNING 3");
    domains.run("c", 4, "3");
    pass(5);
    assertThat(told.drain()).containsExactly("changed c RUNNING 3");
  }

  @Test
  void aSilentChangeOfAffinityIsFoundWithinFiveSecondsAndToldOnce() throws LibvirtException {
    begin();
    domains.run("a", 1, "4-5");
    domains.reads.clear();

    pass(5);
    assertThat(told.drain()).containsExactly("changed a RUNNING 4-5");
    assertThat(domains.reads).as("the affinity alone was read").isEmpty();

    pass(60);
    assertThat(told.drain()).isEmpty();
  }

  @Test
  void whatNoEventToldIsFoundWithinTenSeconds() throws LibvirtException {
    begin();
    domains.remove("a");
    domains.run("b", 9, "1");
    domains.run("c", 10, "2");

    pass(10);

    assertThat(told.drain())
        .containsExactlyInAnyOrder("gone a", "changed b RUNNING 1", "changed c RUNNING 2");
  }

  @Test
  void domainsThatAreShutOffAreNotReadInSweeps() throws LibvirtException {
    begin();
    domains.reads.clear();

    pass(60);

    assertThat(domains.reads).containsOnly("a");
  }

  @Test
  void afterLostMessagesEverythingIsReadAnew() throws LibvirtException {
    begin();
    domains.run("a", 1, "7");

    take(new Message.Lost());

    assertThat(told.drain()).containsExactly("changed a RUNNING 7");
  }

  @Test
  void anOpenedPortIsToldAtOnce() throws LibvirtException {
    domains.run("a", 1, "0", false);
    begin();
    pass(3);
    assertThat(told.drain()).containsExactly("port a.0 closed");

    // The XML still says closed, as it can for some milliseconds.
    take(new Message.Port("a", "channel0", true));

    assertThat(told.drain()).containsExactly("port a.0 open", "changed a RUNNING 0");
    assertThat(told.last().channels().getFirst().guestOpen()).isTrue();
  }

  @Test
  void aClosedPortIsToldTwoSecondsLater() throws LibvirtException {
    openPort();
    take(new Message.Port("a", "channel0", false));
    domains.run("a", 1, "0", false);
    told.drain();

    passNs(LibvirtWatch.PORT_CLOSED_NS - 1);
    assertThat(told.drain()).isEmpty();
    passNs(1);
    assertThat(told.drain()).containsExactly("port a.0 closed");
    pass(60);
    assertThat(told.drain()).isEmpty();
  }

  @Test
  void aPortThatIsOpenedAgainWithinTwoSecondsWasNeverClosed() throws LibvirtException {
    openPort();
    take(new Message.Port("a", "channel0", false));
    passNs(LibvirtWatch.PORT_CLOSED_NS - 1);
    take(new Message.Port("a", "channel0", true));

    pass(60);

    assertThat(told.drain()).doesNotContain("port a.0 closed");
  }

  @Test
  void aPortThatTheXmlShowsOpenAfterTwoSecondsIsNotClosed() throws LibvirtException {
    openPort();
    take(new Message.Port("a", "channel0", false)); // and the event of its opening is lost

    pass(60);

    assertThat(told.drain()).doesNotContain("port a.0 closed");
  }

  @Test
  void theTwoSecondsBeginAnewAfterAReopening() throws LibvirtException {
    openPort();
    domains.run("a", 1, "0", false);
    take(new Message.Port("a", "channel0", false));
    passNs(LibvirtWatch.PORT_CLOSED_NS / 2);
    take(new Message.Port("a", "channel0", true), new Message.Port("a", "channel0", false));
    told.drain();

    passNs(LibvirtWatch.PORT_CLOSED_NS - 1);
    assertThat(told.drain()).doesNotContain("port a.0 closed");
    passNs(1);
    assertThat(told.drain()).contains("port a.0 closed");
  }

  @Test
  void xmlThatIsBehindTheEventDoesNotEndTheWait() throws LibvirtException {
    openPort();
    take(new Message.Port("a", "channel0", false));
    take(new Message.Changed("a")); // whose XML still says open
    domains.run("a", 1, "0", false);
    told.drain();

    pass(2);

    assertThat(told.drain()).contains("port a.0 closed");
  }

  @Test
  void withoutEventsTheXmlIsEnough() throws LibvirtException {
    openPort();
    domains.run("a", 1, "0", false);

    pass(10);
    assertThat(told.drain()).containsExactly("changed a RUNNING 0");
    pass(2);
    assertThat(told.drain()).containsExactly("port a.0 closed");

    domains.run("a", 1, "0", true);
    pass(10);
    assertThat(told.drain()).containsExactly("changed a RUNNING 0", "port a.0 open");
  }

  @Test
  void theEndOfARunEndsItsPorts() throws LibvirtException {
    openPort();
    take(new Message.Port("a", "channel0", false));
    domains.shutOff("a");
    take(new Message.Changed("a"));
    told.drain();

    pass(4);
    assertThat(told.drain()).isEmpty();

    domains.run("a", 2, "0", true);
    take(new Message.Changed("a"));
    assertThat(told.drain()).containsExactly("changed a RUNNING 0", "port a.0 open");
  }

  @Test
  void aNewRunTellsItsPortsAnewEvenWhereTheEndOfTheOldOneWasMissed() throws LibvirtException {
    openPort();
    domains.run("a", 2, "0", true);

    take(new Message.Changed("a"));

    assertThat(told.drain()).containsExactly("changed a RUNNING 0", "port a.0 open");
  }

  @Test
  void aPortOfWhichOnlyEventsSpeakCloses() throws LibvirtException {
    domains.run("a", 1, "0", (Boolean) null);
    begin();
    take(new Message.Port("a", "channel0", true), new Message.Port("a", "channel0", false));
    pass(2);

    assertThat(told.drain()).contains("port a.0 open", "port a.0 closed");
  }

  @Test
  void anUnknownAliasMeansThatTheDomainIsReadAgain() throws LibvirtException {
    begin();
    domains.run("a", 1, "0", false);

    take(new Message.Port("a", "channel0", true));
    assertThat(told.drain()).containsExactly("changed a RUNNING 0");

    take(new Message.Port("never", "channel0", true));
    assertThat(told.drain()).isEmpty();
  }

  @Test
  void aListenerThatThrowsHindersNothing() throws LibvirtException {
    domains.run("a", 1, "0", true);
    int[] calls = {0};
    LibvirtListener failing = failing(() -> calls[0]++);
    Session hindered = new Session(domains, new GuardedListener(failing), () -> nowNs);

    hindered.begin(); // connected, guestPort
    hindered.take(List.of(new Message.Rebooted("a"), new Message.Changed("b")));

    assertThat(calls[0]).isEqualTo(5);
  }

  @Test
  void itSleepsUntilTheNextSweepOrTheEndOfAWait() throws LibvirtException {
    openPort();
    assertThat(session.sleepNs()).isEqualTo(Session.AFFINITY_SWEEP_NS);

    take(new Message.Port("a", "channel0", false));
    assertThat(session.sleepNs()).isEqualTo(LibvirtWatch.PORT_CLOSED_NS);
    nowNs += 9 * SECOND_NS;
    assertThat(session.sleepNs()).isZero();
  }

  private void begin() throws LibvirtException {
    session.begin();
    told.drain();
  }

  private void openPort() throws LibvirtException {
    domains.run("a", 1, "0", true);
    session.begin();
    assertThat(told.drain()).containsExactly("connected [a, b]", "port a.0 open");
  }

  private void take(Message... messages) {
    session.take(List.of(messages));
  }

  /** Lets time pass as the watch does: never past a moment at which there is work. */
  private void pass(int seconds) {
    passNs(seconds * SECOND_NS);
  }

  private void passNs(long ns) {
    long endNs = nowNs + ns;
    while (endNs - nowNs > 0) {
      nowNs += Math.min(Math.max(1, session.sleepNs()), endNs - nowNs);
      session.work();
    }
  }

  private static LibvirtListener failing(Runnable count) {
    return (LibvirtListener)
        Proxy.newProxyInstance(
            LibvirtListener.class.getClassLoader(),
            new Class<?>[] {LibvirtListener.class},
            (proxy, method, arguments) -> {
              count.run();
              throw new IllegalStateException("planned");
            });
  }
}
