package dev.vmpower.host.fifo;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Cuts a stream of bytes into JSON objects: by their braces, those in strings left out. Between
 * objects there may be blanks and newlines, and an object may come in any number of pieces.
 *
 * <p>A FIFO does not tell where one writer ends and the next begins, so what a writer left
 * unfinished must not swallow what follows. After a newline, whatever came before it, the next
 * order is found:
 *
 * <ul>
 *   <li>a string does not go over a newline: what it is in is dropped with it;
 *   <li>an object that begins with {@code "instruction"} or {@code "policy"} is never inside
 *       another one: what is open there is dropped;
 *   <li>between objects, all up to the next brace or newline is dropped;
 *   <li>an object that grows too long is dropped as far as it came.
 * </ul>
 *
 * <p>What is dropped is told once. Not thread-safe.
 */
final class JsonFramer {
  /** A longer object is none of DPDK's; its own manager stops at 1 KiB or so. */
  static final int OBJECT_BYTES_MAX = 65_536;

  private static final int OBJECT_BYTES_FIRST = 512;
  private static final byte[][] BEGINNINGS = {
    {'i', 'n', 's', 't', 'r', 'u', 'c', 't', 'i', 'o', 'n'}, {'p', 'o', 'l', 'i', 'c', 'y'}
  };

  /** Where an object goes, and word of what was dropped. */
  interface Sink {
    /** A whole object: the first {@code length} of {@code bytes}, valid during the call only. */
    void object(byte[] bytes, int length);

    /** Something was dropped; {@code why} is one line without the bytes themselves. */
    void dropped(String why);
  }

  private final Sink sink;
  private byte[] object = new byte[OBJECT_BYTES_FIRST];
  private int length;
  private int depth; // of braces; 0 between objects
  private boolean skipping; // between objects, and it has been told
  private boolean inString;
  private boolean escaped;
  private int stringBegan;
  private int braceBegan = -1; // the brace that nothing but blanks followed; -1 for none

  JsonFramer(Sink sink) {
    this.sink = sink;
  }

  /** Takes all that is left in {@code bytes}. */
  void feed(ByteBuffer bytes) {
    while (bytes.hasRemaining()) {
      byte next = bytes.get();
      if (depth == 0) {
        between(next);
      } else if (length == OBJECT_BYTES_MAX) {
        drop("an object is longer than " + OBJECT_BYTES_MAX + " bytes");
        between(next);
      } else {
        inside(next);
      }
    }
  }

  private void between(byte next) {
    if (next == '{') {
      skipping = false;
      open();
    } else if (next == '\n') {
      skipping = false;
    } else if (!isBlank(next) && !skipping) {
      skipping = true;
      sink.dropped("something stands between objects, up to the next brace or newline");
    }
  }

  private void open() {
    append((byte) '{');
    depth++;
    braceBegan = length - 1;
  }

  private void inside(byte next) {
    if (inString) {
      inString(next);
      return;
    }
    switch (next) {
      case '{' -> open();
      case '}' -> close();
      case '"' -> {
        stringBegan = length;
        inString = true;
        append(next);
      }
      default -> {
        append(next);
        if (!isBlank(next)) {
          braceBegan = -1;
        }
      }
    }
  }

  private void inString(byte next) {
    if (next == '\n') {
      drop("a string is not closed before the end of its line");
      return;
    }
    append(next);
    if (escaped) {
      escaped = false;
    } else if (next == '\\') {
      escaped = true;
    } else if (next == '"') {
      inString = false;
      if (braceBegan > 0 && isBeginning()) {
        beginAgain();
      }
      braceBegan = -1;
    }
  }

  private boolean isBeginning() {
    for (byte[] beginning : BEGINNINGS) {
      if (Arrays.equals(object, stringBegan + 1, length - 1, beginning, 0, beginning.length)) {
        return true;
      }
    }
    return false;
  }

  private void beginAgain() {
    int kept = length - braceBegan;
    System.arraycopy(object, braceBegan, object, 0, kept);
    length = kept;
    depth = 1;
    sink.dropped("an object is not closed before the next one begins");
  }

  private void close() {
    append((byte) '}');
    braceBegan = -1;
    if (--depth == 0) {
      int whole = length;
      length = 0;
      sink.object(object, whole);
    }
  }

  private void drop(String why) {
    length = 0;
    depth = 0;
    inString = false;
    escaped = false;
    braceBegan = -1;
    skipping = false;
    sink.dropped(why);
  }

  private void append(byte next) {
    if (length == object.length) {
      object = Arrays.copyOf(object, Math.min(2 * length, OBJECT_BYTES_MAX));
    }
    object[length++] = next;
  }

  private static boolean isBlank(byte next) {
    return next == ' ' || next == '\t' || next == '\r' || next == '\n';
  }
}
