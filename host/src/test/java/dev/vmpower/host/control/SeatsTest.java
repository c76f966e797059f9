package dev.vmpower.host.control;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vmpower.host.control.Rights.Right;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Who gives way to whom where all seats are taken. */
class SeatsTest {
  private final Seats seats = new Seats(3);
  private final List<SocketChannel> all = new ArrayList<>();

  @AfterEach
  void close() throws IOException {
    for (SocketChannel each : all) {
      each.close();
    }
  }

  private SocketChannel made() throws IOException {
    SocketChannel made = SocketChannel.open(StandardProtocolFamily.UNIX);
    all.add(made);
    return made;
  }

  private SocketChannel seated(Right right) throws IOException {
    SocketChannel made = made();
    assertThat(seats.take(made, right)).isTrue();
    return made;
  }

  @Test
  void theIdleOfEqualRightGiveWayTheLongestIdleFirst() throws IOException {
    SocketChannel first = seated(Right.LOOK);
    SocketChannel second = seated(Right.LOOK);
    SocketChannel third = seated(Right.LOOK);
    seats.busy(first, true);
    seats.busy(first, false);
    SocketChannel fourth = seated(Right.LOOK);
    assertThat(second.isOpen()).isFalse();
    seated(Right.LOOK);
    assertThat(third.isOpen()).isFalse();
    assertThat(first.isOpen()).isTrue();
    assertThat(fourth.isOpen()).isTrue();
  }

  @Test
  void theBusyGiveWayToAGreaterRightOnly() throws IOException {
    for (int i = 0; i < 3; i++) {
      seats.busy(seated(Right.LOOK), true);
    }
    assertThat(seats.take(made(), Right.LOOK)).isFalse();
    SocketChannel changes = seated(Right.CHANGE);
    assertThat(all.getFirst().isOpen()).isFalse();
    seated(Right.CHANGE);
    seated(Right.CHANGE);
    assertThat(seats.take(made(), Right.LOOK)).as("idle, but of a greater right").isFalse();
    seated(Right.OWN);
    assertThat(changes.isOpen()).isFalse();
  }

  @Test
  void theIdleOfALesserRightGoBeforeTheBusyOfIt() throws IOException {
    SocketChannel busy = seated(Right.LOOK);
    seats.busy(busy, true);
    SocketChannel idle = seated(Right.LOOK);
    SocketChannel equal = seated(Right.CHANGE);
    seated(Right.CHANGE);
    assertThat(idle.isOpen()).isFalse();
    seated(Right.CHANGE);
    assertThat(busy.isOpen()).isFalse();
    assertThat(equal.isOpen()).isTrue();
  }

  @Test
  void whoHasLeftUnnoticedHoldsNoSeat() throws IOException {
    for (int i = 0; i < 3; i++) {
      SocketChannel gone = seated(Right.CHANGE);
      gone.close();
    }
    seated(Right.LOOK);
  }
}
