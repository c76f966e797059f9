package dev.vmpower.sim.world;

import dev.vmpower.machine.fake.FakeSysfs;
import dev.vmpower.machine.sysfs.Attribute;
import dev.vmpower.machine.sysfs.Sysfs;
import dev.vmpower.machine.sysfs.SysfsException;
import java.util.List;

/** The daemon's view of the kernel: counts what it does, and kills it at a moment of ours. */
final class Kernel implements Sysfs {
  private final FakeSysfs fake;
  private long operations;
  private long killAt = Long.MAX_VALUE;

  Kernel(FakeSysfs fake) {
    this.fake = fake;
  }

  /** Kills the daemon at its so-manieth operation from now. */
  void killAfter(int more) {
    killAt = operations + more;
  }

  void spare() {
    killAt = Long.MAX_VALUE;
  }

  private void count() {
    operations++;
    dieIfKilled();
  }

  /** A daemon that is killed does nothing more, whatever it makes of what was thrown at it. */
  void dieIfKilled() {
    if (operations >= killAt) {
      throw new Killed();
    }
  }

  @Override
  public String read(String path) throws SysfsException {
    count();
    return fake.read(path);
  }

  @Override
  public void write(String path, String value) throws SysfsException {
    count();
    fake.write(path, value);
  }

  @Override
  public Attribute open(String path, boolean writable) throws SysfsException {
    count();
    Attribute real = fake.open(path, writable);
    return new Attribute() {
      @Override
      public int readNumber() throws SysfsException {
        count();
        return real.readNumber();
      }

      @Override
      public boolean reads(String expected) throws SysfsException {
        count();
        return real.reads(expected);
      }

      @Override
      public void writeNumber(int number) throws SysfsException {
        count();
        real.writeNumber(number);
      }

      @Override
      public void rewrite() throws SysfsException {
        count();
        real.rewrite();
      }

      @Override
      public void close() {
        real.close();
      }
    };
  }

  @Override
  public boolean exists(String path) {
    return fake.exists(path);
  }

  @Override
  public List<String> list(String directory) {
    return fake.list(directory);
  }

  @Override
  public long identity(String path) {
    count();
    return fake.identity(path);
  }

  @Override
  public boolean isKernel() {
    return true;
  }
}
