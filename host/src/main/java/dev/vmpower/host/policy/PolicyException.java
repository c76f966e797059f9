package dev.vmpower.host.policy;

/** What was given is no policy. The message is one line for whoever wrote it. */
public final class PolicyException extends Exception {
  private static final long serialVersionUID = 1;

  public PolicyException(String line) {
    super(line);
  }
}
