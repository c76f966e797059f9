package dev.vmpower.fuzz;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What fuzzing found interesting, among it every input that once broke something, goes well. */
class CorpusTest {
  private static final Path CORPORA =
      Path.of(System.getProperty("vmpower.checkout"), "fuzz/corpus");

  @ParameterizedTest
  @EnumSource(Target.class)
  void everyInputOfTheCorpusGoesWell(Target target) throws IOException {
    List<Path> inputs;
    try (Stream<Path> files = Files.list(CORPORA.resolve(target.directory()))) {
      inputs = files.sorted().toList();
    }
    assertThat(inputs).isNotEmpty();
    for (Path input : inputs) {
      byte[] bytes = Files.readAllBytes(input);
      assertThatCode(() -> target.taker.take(bytes))
          .as(input.toString())
          .doesNotThrowAnyException();
    }
  }
}
