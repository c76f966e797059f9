package dev.vmpower.host.config;

/** The configuration cannot be used. The message is one line: where, what, and what to do. */
public final class ConfigException extends Exception {
  private static final long serialVersionUID = 1;

  public ConfigException(String message) {
    super(message);
  }
}
