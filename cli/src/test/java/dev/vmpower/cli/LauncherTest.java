package dev.vmpower.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The launcher ./vmpower in a copy of a checkout, with a Maven and a JDK that only take notes. */
@Execution(ExecutionMode.CONCURRENT)
@Timeout(60)
class LauncherTest {
  private static final String JAVA = "#!/bin/sh\necho \"java $*\"; pwd; exit 7\n";

  /** Takes so long that a second launch comes while it builds. */
  private static final String MAVEN =
      """
      #!/bin/sh
      echo "$JAVA_HOME $*" >> "$MAVEN_NOTES"
      sleep 0.3
      mkdir -p sim/target/lib
      for jar in sim/target/vmpower-sim sim/target/lib/vmpower-cli sim/target/lib/picocli \\
        sim/target/lib/jackson-core sim/target/lib/vmpower-guest sim/target/lib/vmpower-protocol \\
        sim/target/lib/vmpower-host sim/target/lib/vmpower-machine sim/target/lib/tomlj \\
        sim/target/lib/antlr4-runtime sim/target/lib/jline
      do echo built > $jar-1.0.jar; done
      echo on stdout
      exit $MAVEN_STATUS
      """;

  @TempDir Path directory;

  private Path checkout;
  private Path notes;
  private Path source;
  private final ProcessBuilder launch = new ProcessBuilder();

  @BeforeEach
  void copyCheckout() throws IOException {
    Path original = Path.of(System.getProperty("vmpower.checkout"));
    checkout = Files.createDirectories(directory.resolve("a checkout"));
    notes = Files.createFile(directory.resolve("notes"));
    Files.copy(original.resolve("vmpower"), checkout.resolve("vmpower"));
    Files.createDirectories(checkout.resolve("dist"));
    Files.copy(original.resolve("dist/jvm"), checkout.resolve("dist/jvm"));
    Files.createFile(checkout.resolve("pom.xml"));
    source = checkout.resolve("sim/src/main/java/Demo.java");
    Files.createDirectories(source.getParent());
    Files.createFile(source);
    Files.createFile(checkout.resolve("sim/pom.xml"));
    script(directory.resolve("bin/mvn"), MAVEN);
    jdk(directory.resolve("jdk"), "25.0.1");
    launch.directory(directory.toFile());
    launch.environment().put("PATH", directory.resolve("bin") + ":/usr/bin:/bin");
    launch.environment().put("JAVA_HOME", directory.resolve("jdk").toString());
    launch.environment().put("MAVEN_NOTES", notes.toString());
    launch.environment().put("MAVEN_STATUS", "0");
  }

  private static void jdk(Path home, String version) throws IOException {
    script(home.resolve("bin/java"), JAVA);
    script(home.resolve("bin/javac"), "#!/bin/sh\n");
    Files.writeString(home.resolve("release"), "JAVA_VERSION=\"" + version + "\"\n");
  }

  private static void script(Path path, String text) throws IOException {
    Files.createDirectories(path.getParent());
    Files.writeString(path, text);
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private Process begin(String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of(checkout.resolve("vmpower").toString()));
    command.addAll(List.of(arguments));
    return launch.command(command).start();
  }

  private static Ran end(Process process) throws IOException, InterruptedException {
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    return new Ran(process.exitValue(), out, err);
  }

  private Ran run(String... arguments) throws IOException, InterruptedException {
    return end(begin(arguments));
  }

  private void age(Path path) throws IOException {
    Files.setLastModifiedTime(path, FileTime.from(Instant.parse("2020-01-01T00:00:00Z")));
  }

  private int builds() throws IOException {
    return Files.readAllLines(notes).size();
  }

  @Test
  void buildsOnceThenIsSilentAndBecomesJavaInTheCallersDirectory() throws Exception {
    Ran first = run("ctl", "cpu", "a b");
    Ran second = run("ctl", "cpu", "a b");

    assertThat(first.err()).contains("building", "on stdout");
    assertThat(first.out()).isEqualTo(second.out());
    assertThat(second.err()).isEmpty();
    assertThat(second.status()).isEqualTo(7);
    assertThat(second.out())
        .startsWith("java -XX:+UseSerialGC --enable-native-access=ALL-UNNAMED ")
        .contains("/vmpower-cli-1.0.jar:", "/picocli-1.0.jar:", "/jackson-core-1.0.jar:")
        .as("what few verbs need is behind what all need")
        .contains("/vmpower-host-1.0.jar:", "/antlr4-runtime-1.0.jar:", "/jline-1.0.jar ")
        .endsWith(" dev.vmpower.cli.Ctl cpu a b\n" + directory + "\n");
    assertThat(Files.readString(notes)).startsWith(directory.resolve("jdk") + " -q -B ");
    assertThat(builds()).isEqualTo(1);
  }

  @Test
  void everyCommandHasItsProgram() throws Exception {
    assertThat(run("demo").out()).contains("/* dev.vmpower.sim.Demo\n");
    assertThat(run("daemon", "--config", "x").out())
        .contains("/* dev.vmpower.host.Daemon --config x\n");
    assertThat(run("guest", "max", "1").out())
        .contains("/vmpower-guest-1.0.jar:", "/vmpower-protocol-1.0.jar dev.vmpower.cli.Guest");
  }

  @Test
  void whatCameWentOrChangedIsBuilt() throws Exception {
    run("ctl");
    Path other = Files.createFile(source.resolveSibling("Other.java"));
    age(other);
    run("ctl");
    assertThat(builds()).as("a file came, though an old one").isEqualTo(2);
    Files.delete(other);
    run("ctl");
    assertThat(builds()).as("a file went").isEqualTo(3);
    Files.writeString(source, "changed");
    run("ctl");
    assertThat(builds()).as("a file changed").isEqualTo(4);
    Files.writeString(checkout.resolve("sim/pom.xml"), "changed");
    run("ctl");
    assertThat(builds()).as("a pom changed").isEqualTo(5);
    run("ctl");
    assertThat(builds()).isEqualTo(5);
    try (var files = Files.list(checkout.resolve("target"))) {
      assertThat(files.filter(file -> file.getFileName().toString().startsWith("build.")))
          .as("two builds and the lock")
          .hasSize(3);
    }
  }

  @Test
  void launchesAtTheSameTimeBuildOnce() throws Exception {
    List<Process> processes = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      processes.add(begin("ctl"));
    }
    for (Process process : processes) {
      assertThat(end(process).status()).isEqualTo(7);
    }

    assertThat(builds()).isEqualTo(1);
  }

  @Test
  void aBuildThatFailsIsTriedAgainAndRunsNothing() throws Exception {
    launch.environment().put("MAVEN_STATUS", "1");
    Ran failed = run("ctl");
    launch.environment().put("MAVEN_STATUS", "0");
    Ran built = run("ctl");

    assertThat(failed.status()).isEqualTo(1);
    assertThat(failed.out()).isEmpty();
    assertThat(failed.err()).endsWith("vmpower: the build failed; Maven says why above\n");
    assertThat(built.status()).isEqualTo(7);
  }

  @Test
  void isFoundThroughALinkAndFromAnywhere() throws Exception {
    Path link = Files.createSymbolicLink(directory.resolve("link"), checkout.resolve("vmpower"));
    Ran ran = end(launch.command(link.toString(), "ctl").start());

    assertThat(ran.status()).isEqualTo(7);
    assertThat(ran.out()).contains(checkout + "/target/build");
  }

  @Test
  void aJdkOfAnotherVersionIsPassedOver() throws Exception {
    jdk(directory.resolve("old"), "17.0.15");
    launch.environment().put("JAVA_HOME", directory.resolve("old").toString());
    Path onPath = directory.resolve("bin/java");
    Files.createSymbolicLink(onPath, directory.resolve("jdk/bin/java"));

    Ran ran = run("ctl");

    assertThat(Files.readString(notes)).doesNotStartWith(directory.resolve("old").toString());
    assertThat(ran.status()).as("of whatever JDK was found").isNotZero();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "fly", "--config"})
  void anUnknownCommandIsOneLineAndStatus2(String command) throws Exception {
    Ran ran = command.isEmpty() ? run() : run(command);

    assertThat(ran.status()).isEqualTo(2);
    assertThat(ran.out()).isEmpty();
    assertThat(ran.err()).matches("vmpower: .+ demo\\|daemon\\|ctl\\|guest .+\n");
    assertThat(builds()).isZero();
  }
}
