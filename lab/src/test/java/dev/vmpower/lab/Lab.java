package dev.vmpower.lab;

import java.util.Optional;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * Gives test classes what they share: the built parts, and one {@link LabLibvirt} for the whole
 * run, started by the first class that asks for it.
 *
 * <p>Where a part is missing, a test is skipped on a user's machine, and says why. Where {@code
 * CI=true} it fails, for there the lab must run.
 */
final class Lab implements ExecutionCondition, ParameterResolver {
  private static final ExtensionContext.Namespace SHARED =
      ExtensionContext.Namespace.create(Lab.class);

  /** What is missing, in words; known after one look. */
  private record Missing(Optional<String> what) {}

  @Override
  public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
    Missing missing = store(context).computeIfAbsent(Missing.class, type -> look(), Missing.class);
    if (missing.what().isEmpty()) {
      return ConditionEvaluationResult.enabled("all parts are there");
    }
    if ("true".equals(System.getenv("CI"))) {
      Assertions.fail("CI must run the lab, but " + missing.what().get());
    }
    return ConditionEvaluationResult.disabled("no lab here: " + missing.what().get());
  }

  private static Missing look() {
    Optional<String> what = LabParts.missing();
    // Surefire counts the skipped tests, but keeps the reason to its reports.
    what.ifPresent(words -> System.err.println("no lab here: " + words));
    return new Missing(what);
  }

  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
    return parameter.getParameter().getType() == LabLibvirt.class;
  }

  @Override
  public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
    return store(context)
        .computeIfAbsent(LabLibvirt.class, type -> LabLibvirt.up(), LabLibvirt.class);
  }

  // The root's: it lives as long as the run, and then closes what is in it.
  private static ExtensionContext.Store store(ExtensionContext context) {
    return context.getRoot().getStore(SHARED);
  }
}
