package dev.vmpower.host.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vmpower.host.feed.Feed;
import dev.vmpower.host.monitor.Verb;
import dev.vmpower.host.orders.Orders;
import dev.vmpower.machine.cpu.CpuSet;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is asked about VMs, pCPUs and channels becomes the verb that it says. */
class VmRequestsTest {
  private final CannedAsker asker = new CannedAsker();
  private final Routes routes =
      new Routes(
          asker,
          (vm, vcpu, cpus) -> "",
          () -> {},
          after -> new ControlServer.Farewell("", () -> {}),
          new CannedMeter(),
          Runnable::run,
          new EventStreams(new Feed()));

  private Verb<?> asked(String path, String body) throws RequestException {
    Routes.Found found = routes.find("POST", path);
    Arguments arguments =
        new Arguments(Json.readObject(body.getBytes(StandardCharsets.UTF_8)), found);
    var unused = found.route().action().begin(arguments, "ann (pid 7)");
    return asker.asked.remove();
  }

  @Test
  void aVmIsAddedWithAllThatItMayHave() throws RequestException {
    assertThat(
            asked(
                "/v1/vms/add",
                """
                {"name":"vm 7","channels":"/run/x","vcpus":["2","0x30"],"peer_uid":0,"query":true,
                 "min_khz":0,"max_khz":2400000,"turbo":false,"enforce":true}"""))
        .isEqualTo(
            new Verb.AddVm(
                "vm 7",
                Path.of("/run/x"),
                List.of(CpuSet.of(2), CpuSet.of(4, 5)),
                0,
                true,
                new Orders.Limits(0, 2_400_000, false, true)));
    assertThat(asked("/v1/vms/add", "{\"name\":\"vm0\"}"))
        .isEqualTo(new Verb.AddVm("vm0", null, List.of(), null, null, Orders.Limits.NONE));
  }

  @Test
  void ofAnEnvelopeNullIsTheHardwaresAndWhatIsNotNamedStays() throws RequestException {
    assertThat(asked("/v1/vms/envelope", "{\"vm\":\"a\",\"max_khz\":null,\"turbo\":true}"))
        .isEqualTo(
            new Verb.SetEnvelope(
                "a", new Orders.Limits(null, Integer.MAX_VALUE, true, null), false));
    assertThat(asked("/v1/vms/envelope", "{\"vm\":\"a\",\"min_khz\":null,\"reset\":true}"))
        .isEqualTo(new Verb.SetEnvelope("a", new Orders.Limits(0, null, null, null), true));
  }

  @Test
  void theRestSaysWhatItIs() throws RequestException {
    assertThat(asked("/v1/vms/remove", "{\"vm\":\"a\"}")).isEqualTo(new Verb.RemoveVm("a"));
    assertThat(asked("/v1/vms/query", "{\"vm\":\"a\",\"allowed\":false}"))
        .isEqualTo(new Verb.AllowQuery("a", false));
    assertThat(asked("/v1/channels/add", "{\"vm\":\"a\",\"channel\":3,\"path\":\"/run/s\"}"))
        .isEqualTo(new Verb.AddChannel("a", 3, Path.of("/run/s")));
    assertThat(asked("/v1/cpus/turbo", "{\"cpus\":\"0-1\",\"on\":false}"))
        .isEqualTo(new Verb.SwitchTurbo(CpuSet.of(0, 1), false, "ann (pid 7)"));
    assertThat(asked("/v1/cpus/set", "{\"cpus\":\"3\",\"level\":\"min\",\"for_s\":1800}"))
        .isEqualTo(new Verb.SetCpus(CpuSet.of(3), "min", "ann (pid 7)", 1800));
    assertThat(asked("/v1/cpus/set", "{\"cpus\":\"3\",\"level\":\"min\"}"))
        .isEqualTo(new Verb.SetCpus(CpuSet.of(3), "min", "ann (pid 7)"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "/v1/vms/add      | {'name':'a','channels':'run/x'}",
        "/v1/vms/add      | {'name':'a','vcpus':'2'}",
        "/v1/vms/add      | {'name':'a','vcpus':['']}",
        "/v1/vms/add      | {'name':'a','peer_uid':-1}",
        "/v1/vms/add      | {'name':'a','turbo':'off'}",
        "/v1/vms/add      | {'name':''}",
        "/v1/vms/query    | {'vm':'a','allowed':'on'}",
        "/v1/vms/envelope | {'vm':'a','min_khz':-1}",
        "/v1/vms/envelope | {'vm':'a','max_khz':1000000000}",
        "/v1/vms/envelope | {'vm':'a','reset':1}",
        "/v1/channels/add | {'vm':'a','channel':1024,'path':'/s'}",
        "/v1/channels/add | {'vm':'a','channel':'1','path':'/s'}",
        "/v1/channels/add | {'vm':'a','channel':1,'path':'s'}",
        "/v1/cpus/turbo   | {'cpus':'0-4096','on':true}",
        "/v1/cpus/set     | {'cpus':'0','level':'min','for_s':0}"
      })
  void aWrongFieldIsOneLineAndAsksNothing(String path, String body) {
    assertThatThrownBy(() -> asked(path, body.replace('\'', '"')))
        .isInstanceOfSatisfying(
            RequestException.class,
            refused -> {
              assertThat(refused.status()).isEqualTo(400);
              assertThat(refused.line()).contains("\"").doesNotContain("\n");
            });
    assertThat(asker.asked).isEmpty();
  }
}
