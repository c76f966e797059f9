package dev.vmpower.host.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.vmpower.host.control.ControlServer.Groups;
import dev.vmpower.host.feed.Feed;
import dev.vmpower.host.monitor.Verb;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Real processes of other users at the control socket, in groups that every Debian has. */
@Timeout(120)
class RightsTest {
  private static final int NOBODY = 65_534;
  private static final Groups GROUPS = new Groups("games", "users");
  private static final String NO_SUCH = "vmpower-none";
  private static final String HOLD = "{\"cpus\":\"0\",\"level\":\"max\"}";

  private final CannedAsker monitor = new CannedAsker();
  private final List<ControlServer> servers = new ArrayList<>();
  private Path directory;
  private int games;
  private int users;

  @BeforeAll
  static void needsRoot() throws IOException {
    boolean root = (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid") == 0;
    if (!root && "true".equals(System.getenv("CI"))) {
      fail("CI must run this as root: only root can be other users");
    }
    assumeTrue(root, "needs root, to be other users");
  }

  @BeforeEach
  void prepare() throws IOException {
    // Not JUnit's own, which only its owner may enter.
    directory = Files.createTempDirectory("vmpower");
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    for (Class<?> part : List.of(RawClient.class, RawClient.Answer.class)) {
      String name = part.getName().replace('.', '/') + ".class";
      Path copy = directory.resolve(name);
      Files.createDirectories(copy.getParent());
      try (InputStream in = part.getClassLoader().getResourceAsStream(name)) {
        Files.copy(in, copy);
      }
    }
    games = gid("games");
    users = gid("users");
  }

  private static int gid(String group) throws IOException {
    return Files.readAllLines(Path.of("/etc/group")).stream()
        .map(line -> line.split(":"))
        .filter(fields -> fields[0].equals(group))
        .mapToInt(fields -> Integer.parseInt(fields[2]))
        .findFirst()
        .orElseThrow();
  }

  @AfterEach
  void end() throws IOException {
    servers.forEach(ControlServer::close);
    try (var files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  private Path serve(Groups groups) throws IOException {
    Path socket = directory.resolve("control-" + servers.size());
    ControlServer server =
        new ControlServer(
            socket,
            groups,
            null,
            monitor,
            (vm, vcpu, cpus) -> "",
            () -> {},
            after -> new ControlServer.Farewell("", () -> {}),
            new CannedMeter(),
            new Feed());
    servers.add(server);
    server.start();
    return socket;
  }

  /** A process of another user that asks as {@link RawClient#main} says; what it printed. */
  private List<String> ask(int gid, List<Integer> groups, Path socket, Object... request)
      throws Exception {
    Process process = begin(gid, groups, socket, request);
    String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    return printed.lines().toList();
  }

  private Process begin(int gid, List<Integer> groups, Path socket, Object... request)
      throws IOException {
    List<String> command = new ArrayList<>(List.of("setpriv", "--reuid", NOBODY + ""));
    command.addAll(List.of("--regid", gid + ""));
    command.add(
        groups.isEmpty()
            ? "--clear-groups"
            : "--groups=" + String.join(",", groups.stream().map(String::valueOf).toList()));
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-cp", directory.toString()));
    command.addAll(List.of(RawClient.class.getName(), socket.toString()));
    Arrays.stream(request).map(Object::toString).forEach(command::add);
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .directory(directory.toFile())
        .start();
  }

  @Test
  void membersOfTheOneGroupChangeAndOfTheOtherLook() throws Exception {
    Path socket = serve(GROUPS);

    // As their own group, or as one of many others.
    for (List<Integer> others : List.of(List.<Integer>of(), manyAnd(games))) {
      int gid = others.isEmpty() ? games : NOBODY;
      assertThat(ask(gid, others, socket, 1, "GET", "/v1/cpus").getFirst()).startsWith("200 [");
      monitor.asked.clear();
      assertThat(ask(gid, others, socket, 1, "POST", "/v1/cpus/set", HOLD).getFirst())
          .startsWith("200 [");
      assertThat(monitor.asked.remove())
          .isInstanceOfSatisfying(
              Verb.SetCpus.class, set -> assertThat(set.who()).matches("nobody \\(pid \\d+\\)"));
    }
    for (List<Integer> others : List.of(List.<Integer>of(), manyAnd(users))) {
      int gid = others.isEmpty() ? users : NOBODY;
      assertThat(ask(gid, others, socket, 1, "GET", "/v1/cpus").getFirst()).startsWith("200 [");
      monitor.asked.clear();
      assertThat(ask(gid, others, socket, 1, "POST", "/v1/cpus/set", HOLD))
          .singleElement()
          .asString()
          .startsWith("403 {\"error\":\"you may look")
          .contains("the group games");
      assertThat(monitor.asked).isEmpty();
    }
  }

  private static List<Integer> manyAnd(int gid) {
    List<Integer> groups = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      groups.add(100_000 + i);
    }
    groups.add(gid);
    return groups;
  }

  @Test
  void othersAreTurnedAwayAndCostNoConnection() throws Exception {
    Path socket = serve(GROUPS);
    Awaitility.await().until(() -> RawClient.get(socket, "/v1/cpus").status() == 200);
    monitor.asked.clear();

    int count = HttpService.CONNECTIONS_MAX + Door.LINGERING_MAX;
    List<String> answers = ask(NOBODY, List.of(), socket, count, "GET", "/v1/cpus");

    // The first ones were closed for those that came after them.
    assertThat(answers).hasSize(count);
    assertThat(answers.subList(HttpService.CONNECTIONS_MAX, count))
        .allSatisfy(
            answer ->
                assertThat(answer)
                    .startsWith("403 {\"error\":\"only members of the group users may look")
                    .contains("of the group games"));
    assertThat(monitor.asked).isEmpty();
    assertThat(RawClient.get(socket, "/v1/cpus").status()).isEqualTo(200);
  }

  @Test
  void thoseWhoLookKeepNobodyOutWhoMayChangeThings() throws Exception {
    Path socket = serve(GROUPS);
    Awaitility.await().until(() -> RawClient.get(socket, "/v1/cpus").status() == 200);
    Process flood = begin(users, List.of(), socket, 3 * HttpService.CONNECTIONS_MAX, "HOLD");
    try {
      assertThat(flood.inputReader().readLine()).isEqualTo("held");

      assertThat(RawClient.post(socket, "/v1/cpus/set", HOLD).status()).isEqualTo(200);
      assertThat(ask(games, List.of(), socket, 1, "GET", "/v1/cpus").getFirst()).startsWith("200");
      assertThat(ask(users, List.of(), socket, 1, "GET", "/v1/cpus").getFirst()).startsWith("200");
    } finally {
      flood.destroyForcibly().waitFor();
    }
  }

  @Test
  void withoutTheGroupThatLooksTheFileKeepsOthersOut() throws Exception {
    Path socket = serve(new Groups("games", NO_SUCH));

    assertThat(attributes(socket)).isEqualTo("rw-rw---- games");
    assertThat(ask(games, List.of(), socket, 1, "GET", "/v1/cpus").getFirst()).startsWith("200");
    assertThat(ask(users, List.of(), socket, 1, "GET", "/v1/cpus").toString())
        .contains("Permission denied");
  }

  @Test
  void withoutTheGroupThatChangesItIsRootsAlone() throws Exception {
    assertThat(attributes(serve(GROUPS))).isEqualTo("rw-rw-rw- games");
    assertThat(attributes(serve(new Groups(NO_SUCH, NO_SUCH)))).isEqualTo("rw------- root");
    Path socket = serve(new Groups(NO_SUCH, "users"));

    assertThat(attributes(socket)).startsWith("rw------- ");
    assertThat(ask(users, List.of(), socket, 1, "GET", "/v1/cpus").toString())
        .contains("Permission denied");
    assertThat(RawClient.post(socket, "/v1/cpus/set", HOLD).status()).isEqualTo(200);
  }

  private static String attributes(Path socket) throws IOException {
    PosixFileAttributes attributes = Files.readAttributes(socket, PosixFileAttributes.class);
    return PosixFilePermissions.toString(attributes.permissions())
        + " "
        + attributes.group().getName();
  }
}
