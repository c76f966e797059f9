package dev.vmpower.lab;

import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * Gives test classes what they share: the built parts, and one {@link LabLibvirt} for the whole
 * run, started by the first class that asks for it.
 */
final class Lab implements BeforeAllCallback, ParameterResolver {
  private static final ExtensionContext.Namespace SHARED =
      ExtensionContext.Namespace.create(Lab.class);

  @Override
  public void beforeAll(ExtensionContext context) {
    LabParts.require();
  }

  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
    return parameter.getParameter().getType() == LabLibvirt.class;
  }

  @Override
  public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
    // The store of the root closes it at the end of the run.
    return context
        .getRoot()
        .getStore(SHARED)
        .computeIfAbsent(LabLibvirt.class, type -> upIfPossible(), LabLibvirt.class);
  }

  // An instance that serves all methods of its class is made before beforeAll() runs.
  private static LabLibvirt upIfPossible() {
    LabParts.require();
    return LabLibvirt.up();
  }
}
