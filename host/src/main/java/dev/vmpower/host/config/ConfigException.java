package dev.vmpower.host.config;

import dev.vmpower.host.view.PlainLine;

/** The configuration cannot be used. The message is one line: where, what, and what to do. */
public final class ConfigException extends Exception {
  private static final long serialVersionUID = 1;

  private static final int CHARS_MAX = 600;

  public ConfigException(String message) {
    super(PlainLine.of(message, CHARS_MAX));
  }
}
