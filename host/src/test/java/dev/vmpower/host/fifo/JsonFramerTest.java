package dev.vmpower.host.fifo;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** How a stream without beginnings and ends is cut into objects. */
class JsonFramerTest {
  private static final String GOOD = "{\"instruction\": {\"unit\": \"SCALE_UP\"}}";

  private final List<String> objects = new ArrayList<>();
  private final List<String> dropped = new ArrayList<>();
  private final JsonFramer framer =
      new JsonFramer(
          new JsonFramer.Sink() {
            @Override
            public void object(byte[] bytes, int length) {
              objects.add(new String(bytes, 0, length, ISO_8859_1));
            }

            @Override
            public void dropped(String why) {
              dropped.add(why);
            }
          });

  private void feed(String text) {
    framer.feed(ByteBuffer.wrap(text.getBytes(ISO_8859_1)));
  }

  @Test
  void objectsComeWholeOfPiecesAndManyFromOneWrite() {
    String strings = "{\"a}\": \"{\\\"}\\\\\", \"b\": [{}, {\"c\": {}}]}";
    String all = " \n" + GOOD + strings + "\r\n\t\n{\n\n}" + GOOD + "\n";
    feed(all);
    assertThat(objects).containsExactly(GOOD, strings, "{\n\n}", GOOD);

    for (int i = 0; i < all.length(); i++) {
      feed(all.substring(i, i + 1));
    }
    assertThat(objects).hasSize(8).endsWith(GOOD, strings, "{\n\n}", GOOD);
    assertThat(dropped).isEmpty();
  }

  @Test
  void whatStandsBetweenObjectsIsDroppedAndToldOnceForALine() {
    feed("nonsense } ] 12 " + GOOD + "\nmore\nand more");

    assertThat(objects).containsExactly(GOOD);
    assertThat(dropped).hasSize(3).allMatch(why -> why.contains("between objects"));
  }

  @Test
  void aStringEndsWithItsLine() {
    feed("{\"instruction\": {\"unit\": \"SCALE_UP}}\n" + GOOD);

    assertThat(objects).containsExactly(GOOD);
    assertThat(dropped).containsExactly("a string is not closed before the end of its line");
  }

  @Test
  void whatAWriterLeftOpenDoesNotSwallowTheNextOrder() {
    for (String open : List.of("{", "{\"policy\":{", "{\"policy\": {\"busy_hours\": [1,", "{{{")) {
      objects.clear();
      dropped.clear();
      feed(open + "\n" + GOOD + "\n{ \"policy\" : {}}");

      assertThat(objects).as(open).containsExactly(GOOD, "{ \"policy\" : {}}");
      assertThat(dropped).as(open).hasSize(1).first().asString().contains("not closed");
    }
  }

  @Test
  void anObjectAsLongAsItMayBeIsTakenAndALongerOneIsNot() {
    String blanks = " ".repeat(JsonFramer.OBJECT_BYTES_MAX - 2);
    feed("{" + blanks + "}");
    assertThat(objects).singleElement().asString().hasSize(JsonFramer.OBJECT_BYTES_MAX);
    assertThat(dropped).isEmpty();

    feed("{" + blanks + " }\n" + GOOD);
    assertThat(objects).hasSize(2).last().isEqualTo(GOOD);
    assertThat(dropped).first().asString().contains("longer than 65536 bytes");
  }

  /** The promise: whatever came before, the order that begins after a newline is taken. */
  @Test
  void afterAnythingAndANewlineTheNextOrderIsTaken() {
    long seed = Long.getLong("vmpower.seed", System.nanoTime());
    Random random = new Random(seed);
    String[] pieces = {
      "{",
      "}",
      "\"",
      "\\",
      "\n",
      "[",
      "]",
      ":",
      ",",
      " ",
      "policy",
      "\"policy\"",
      "{\"policy\"",
      "\"instruction\"",
      "x",
      "\0",
      "\u00ff",
      GOOD,
      GOOD.substring(0, 20),
      "{\"a\": \"b\"}"
    };
    for (int round = 0; round < 20_000; round++) {
      StringBuilder noise = new StringBuilder();
      for (int i = random.nextInt(30); i > 0; i--) {
        noise.append(pieces[random.nextInt(pieces.length)]);
      }
      objects.clear();

      feed(noise + "\n" + GOOD);

      assertThat(objects)
          .as("seed %d, after '%s'", seed, noise)
          .isNotEmpty()
          .last()
          .isEqualTo(GOOD);
    }
  }
}
