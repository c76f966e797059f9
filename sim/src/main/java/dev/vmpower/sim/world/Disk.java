package dev.vmpower.sim.world;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;

/**
 * The disks of the state directories, which are full for a while in some worlds: what is there can
 * be read and removed, and nothing new can be written. While originals have no room nothing else
 * happens to frequency domains.
 */
final class Disk {
  private static final List<String> FILES = List.of("originals.new", "claims.new");
  private static final int CHECK_EVERY = 16;

  private final World world;
  private final Path directory;
  private final SplittableRandom random;
  private final boolean fills;
  private boolean full;
  private boolean ordersFull;
  private long settledNs;

  Disk(World world, Path directory, SplittableRandom random) {
    this.world = world;
    this.directory = directory;
    this.random = random;
    fills = random.nextInt(3) == 0;
  }

  /** Whether it is full for a while now and then; nobody may be in trouble for that to begin. */
  boolean fills() {
    return fills;
  }

  /** Whether originals and claims have no room. */
  boolean isFull() {
    return full;
  }

  /** Whether orders have no room. */
  boolean isOrdersFull() {
    return ordersFull;
  }

  /** Whether the daemon may not have found out yet that there is room again. */
  boolean isTroubled() {
    return full || world.nowNs <= settledNs;
  }

  /** Lets it fill or be cleared, by chance. */
  void step() throws IOException {
    if (!fills) {
      return;
    }
    if (random.nextInt(100) == 0) {
      ordersFull = !ordersFull;
      world.note("the disk of the orders is " + (ordersFull ? "full" : "cleared"));
    }
    if (full && random.nextInt(60) == 0) {
      clear();
    } else if (!isTroubled() && random.nextInt(30) == 0 && isCalm()) {
      fill();
    }
  }

  private boolean isCalm() {
    return world.rests.stream().noneMatch(rest -> rest.isDisturbed(world.nowNs));
  }

  private void fill() throws IOException {
    world.note("the disk is full");
    full = true;
    world.rests.forEach(Rest::calm);
    for (String file : FILES) {
      Files.createDirectories(directory.resolve(file).resolve("full"));
    }
  }

  /** There is room again. */
  void clear() throws IOException {
    if (!full) {
      return;
    }
    world.note("the disk is cleared");
    full = false;
    settledNs = world.nowNs + Mishaps.SETTLE_NS;
    for (String file : FILES) {
      Files.deleteIfExists(directory.resolve(file).resolve("full"));
      Files.deleteIfExists(directory.resolve(file));
    }
    for (Rest rest : world.rests) {
      if (world.host.unsaved[rest.clock.index()]) {
        rest.settleBy(settledNs);
      }
    }
  }

  /** Nothing stays saved that was given back, unless there was no room to say so. */
  void check() throws IOException {
    if (isTroubled() || world.steps % CHECK_EVERY != 0) {
      return;
    }
    for (Rest rest : world.rests) {
      boolean may = rest.isKept() || rest.isDisturbed(world.nowNs);
      if (!may && world.life.isSaved(rest.clock)) {
        throw new Wrong("policy" + rest.clock.number() + " is given back, and still saved");
      }
    }
  }
}
