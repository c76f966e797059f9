package dev.vmpower.machine.libvirt;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Reads the data of QEMU's event as libvirt passes it on, and refuses everything else. */
class VserportChangeTest {
  @Test
  void bothOrdersAndAnySpace() {
    assertThat(VserportChange.parse("{\"open\":true,\"id\":\"channel0\"}"))
        .isEqualTo(new VserportChange("channel0", true));
    assertThat(VserportChange.parse("{\"id\":\"ua-x\",\"open\":false}"))
        .isEqualTo(new VserportChange("ua-x", false));
    assertThat(VserportChange.parse(" { \"open\" : true ,\n\"id\" : \"channel12\" } "))
        .isEqualTo(new VserportChange("channel12", true));
  }

  @Test
  void everythingElseIsNoChange() {
    String[] others = {
      "",
      "{}",
      "null",
      "{\"open\":true}",
      "{\"id\":\"channel0\"}",
      "{\"open\":1,\"id\":\"channel0\"}",
      "{\"open\":\"true\",\"id\":\"channel0\"}",
      "{\"open\":true,\"id\":7}",
      "{\"open\":true,\"id\":\"\"}",
      "{\"open\":true,\"id\":\"a\\\"b\"}",
      "{\"open\":true,\"id\":\"a\",\"id\":\"b\"}",
      "{\"open\":true,\"open\":false,\"id\":\"a\"}",
      "{\"open\":true,\"id\":\"a\"}x",
      "[{\"open\":true,\"id\":\"a\"}]",
      "{\"open\":true,\"id\":\"a\nb\"}",
      "{\"open\":true,\"id\":\"" + "a".repeat(256) + "\"}",
      " ".repeat(2000) + "{\"open\":true,\"id\":\"a\"}",
    };
    for (String other : others) {
      assertThat(VserportChange.parse(other)).as(other).isNull();
    }
    assertThat(VserportChange.parse(null)).isNull();
  }
}
