package dev.vmpower.machine.cpufreq;

import dev.vmpower.machine.sysfs.Attribute;
import dev.vmpower.machine.sysfs.Sysfs;
import dev.vmpower.machine.sysfs.SysfsException;
import java.util.List;

/** A tree that takes every write and forgets it. */
record TakesEveryWrite(Sysfs sysfs) implements Sysfs {
  @Override
  public String read(String path) throws SysfsException {
    return sysfs.read(path);
  }

  @Override
  public void write(String path, String value) {}

  @Override
  public Attribute open(String path, boolean writable) throws SysfsException {
    return sysfs.open(path, writable);
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
    return true;
  }
}
