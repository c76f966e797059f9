package dev.vmpower.host.log;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.core.spi.ContextAwareBase;
import dev.vmpower.machine.process.UnixDatagrams;
import java.io.IOException;
import java.io.PrintStream;
import org.slf4j.LoggerFactory;

/** Sets logback up without its XML, which would cost the daemon a tenth of a second at start. */
public final class LogSetup extends ContextAwareBase implements Configurator {
  private static final String AUDIT = "vmpower.audit";

  @Override
  public ExecutionStatus configure(LoggerContext context) {
    context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME).setLevel(Level.WARN);
    context.getLogger("vmpower").setLevel(Level.INFO);
    context.getLogger(AUDIT).setLevel(Level.WARN);
    // It warns of strange requests, which strangers can send at will.
    context.getLogger("org.eclipse.jetty.http").setLevel(Level.ERROR);
    append(context, System.err);
    return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
  }

  private static void append(LoggerContext context, PrintStream out) {
    StderrAppender appender = new StderrAppender(out);
    appender.setName(StderrAppender.NAME);
    appender.setContext(context);
    appender.start();
    context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME).addAppender(appender);
  }

  /** Writes the log to {@code out} from now on: to a file, where stderr shows something else. */
  public static void redirect(PrintStream out) {
    if (LoggerFactory.getILoggerFactory() instanceof LoggerContext context) {
      Logger root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
      root.detachAndStopAllAppenders();
      append(context, out);
    }
  }

  /** Runs {@code task} without a line in the log but for errors. */
  public static void quietly(Runnable task) {
    if (LoggerFactory.getILoggerFactory() instanceof LoggerContext context) {
      Logger logger = context.getLogger("vmpower");
      logger.setLevel(Level.ERROR);
      task.run();
      logger.setLevel(Level.INFO);
    }
  }

  /**
   * Writes the log as {@code text}, {@code json} or {@code journald} from now on. Programs are told
   * of guests' requests too, folded; people see them in the API.
   *
   * @throws IOException in one line, if there can be no socket for the journal
   */
  public static void setFormat(String name) throws IOException {
    if (LoggerFactory.getILoggerFactory() instanceof LoggerContext context
        && context.getLogger(Logger.ROOT_LOGGER_NAME).getAppender(StderrAppender.NAME)
            instanceof StderrAppender appender) {
      switch (name) {
        case "json" -> appender.setFormat(LineFormat.JSON);
        case "journald" -> appender.setJournal(new UnixDatagrams(JournalEntry.SOCKET, true));
        default -> {
          return;
        }
      }
      context.getLogger(AUDIT).setLevel(null); // as all of vmpower's
    }
  }

  /** Writes what is still queued, at the very end. */
  public static void flush() {
    if (LoggerFactory.getILoggerFactory() instanceof LoggerContext context) {
      context.stop();
    }
  }
}
