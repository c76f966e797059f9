package dev.vmpower.machine.cpufreq;

import dev.vmpower.machine.sysfs.Attribute;
import dev.vmpower.machine.sysfs.Sysfs;
import dev.vmpower.machine.sysfs.SysfsException;
import java.util.List;

/** A tree whose user is killed before a certain write. */
final class Killed implements Sysfs {
  private final Sysfs sysfs;
  private int writesLeft;

  Killed(Sysfs sysfs, int writesLeft) {
    this.sysfs = sysfs;
    this.writesLeft = writesLeft;
  }

  /** What nobody catches, as nobody catches SIGKILL. */
  static final class Now extends Error {
    private static final long serialVersionUID = 1;
  }

  private void countDown() {
    if (writesLeft == 0) {
      throw new Now();
    }
    writesLeft--;
  }

  @Override
  public String read(String path) throws SysfsException {
    return sysfs.read(path);
  }

  @Override
  public void write(String path, String value) throws SysfsException {
    countDown();
    sysfs.write(path, value);
  }

  @Override
  public Attribute open(String path, boolean writable) throws SysfsException {
    return new CountedAttribute(sysfs.open(path, writable));
  }

  @Override
  public boolean exists(String path) {
    return sysfs.exists(path);
  }

  @Override
  public long identity(String path) {
    return sysfs.identity(path);
  }

  @Override
  public List<String> list(String directory) {
    return sysfs.list(directory);
  }

  @Override
  public boolean isKernel() {
    return sysfs.isKernel();
  }

  private final class CountedAttribute implements Attribute {
    private final Attribute attribute;

    CountedAttribute(Attribute attribute) {
      this.attribute = attribute;
    }

    @Override
    public int readNumber() throws SysfsException {
      return attribute.readNumber();
    }

    @Override
    public boolean reads(String expected) throws SysfsException {
      return attribute.reads(expected);
    }

    @Override
    public void writeNumber(int number) throws SysfsException {
      countDown();
      attribute.writeNumber(number);
    }

    @Override
    public void rewrite() throws SysfsException {
      countDown();
      attribute.rewrite();
    }

    @Override
    public void close() {
      attribute.close();
    }
  }
}
