package dev.vmpower.machine.libvirt;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * QEMU's event VSERPORT_CHANGE: a guest process opened or closed a virtio-serial port.
 *
 * <p>Its data is {@code {"open": true, "id": "channel0"}}, members in either order (QEMU's
 * qapi/char.json). QEMU sends at most one a second for each port, and always the last.
 *
 * @param id the alias of the channel in the live XML
 */
record VserportChange(String id, boolean open) {
  /** The event's name. */
  static final String NAME = "VSERPORT_CHANGE";

  private static final int DETAILS_CHARS_MAX = 1024;

  private static final String OPEN = "\\s*\"open\"\\s*:\\s*(true|false)\\s*";
  private static final String ID = "\\s*\"id\"\\s*:\\s*\"([^\"\\\\\\p{Cntrl}]{1,255})\"\\s*";
  private static final Pattern OPEN_FIRST = Pattern.compile("\\{" + OPEN + "," + ID + "\\}");
  private static final Pattern ID_FIRST = Pattern.compile("\\{" + ID + "," + OPEN + "\\}");

  /** Null if {@code details} are anything else. */
  static @Nullable VserportChange parse(@Nullable String details) {
    if (details == null || details.length() > DETAILS_CHARS_MAX) {
      return null;
    }
    String text = details.strip();
    Matcher openFirst = OPEN_FIRST.matcher(text);
    if (openFirst.matches()) {
      return new VserportChange(openFirst.group(2), openFirst.group(1).equals("true"));
    }
    Matcher idFirst = ID_FIRST.matcher(text);
    return idFirst.matches()
        ? new VserportChange(idFirst.group(1), idFirst.group(2).equals("true"))
        : null;
  }
}
