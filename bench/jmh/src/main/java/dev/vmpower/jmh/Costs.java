package dev.vmpower.jmh;

import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;
import org.openjdk.jmh.util.Statistics;

/**
 * Runs all of them with {@code -prof gc} and prints one line for each, which {@code ./dev bench}
 * reads: {@code what=Codec.encodeAck ns=3.1 low=3.0 high=3.2 rounds=10 bytes=0.00001}.
 *
 * <p>The arguments are what the measured JVMs are told.
 */
public final class Costs {
  private static final TimeValue WARM_UP = TimeValue.milliseconds(200);
  private static final int WARM_UPS = 3;
  private static final TimeValue ROUND = TimeValue.milliseconds(100);
  private static final int ROUNDS = 10;

  private Costs() {}

  public static void main(String[] jvmArguments) throws RunnerException {
    Options options =
        new OptionsBuilder()
            .include("dev[.]vmpower[.]jmh[.]")
            .mode(Mode.AverageTime)
            .timeUnit(TimeUnit.NANOSECONDS)
            .forks(1)
            .warmupIterations(WARM_UPS)
            .warmupTime(WARM_UP)
            .measurementIterations(ROUNDS)
            .measurementTime(ROUND)
            .addProfiler(GCProfiler.class)
            .shouldFailOnError(true)
            .verbosity(VerboseMode.SILENT)
            .jvmArgs(jvmArguments)
            .build();
    new Runner(options).run().forEach(Costs::print);
  }

  private static void print(RunResult result) {
    String benchmark = result.getParams().getBenchmark();
    Statistics ns = result.getPrimaryResult().getStatistics();
    Result<?> bytes = result.getSecondaryResults().get("gc.alloc.rate.norm");
    if (bytes == null) {
      throw new IllegalStateException(benchmark + ": -prof gc tells no bytes per operation");
    }
    System.out.printf(
        Locale.ROOT,
        "what=%s ns=%.3f low=%.3f high=%.3f rounds=%d bytes=%.6f%n",
        benchmark.substring("dev.vmpower.jmh.".length()).replace("Bench.", "."),
        ns.getPercentile(50),
        ns.getPercentile(25),
        ns.getPercentile(75),
        ns.getN(),
        bytes.getScore());
  }
}
