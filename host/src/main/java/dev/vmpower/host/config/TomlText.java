package dev.vmpower.host.config;

import org.tomlj.Toml;
import org.tomlj.TomlParseResult;

/** Text that should be TOML. */
final class TomlText {
  private TomlText() {}

  /**
   * Reads {@code text}.
   *
   * @param file what the text is called in errors
   * @throws ConfigException if it is no TOML, with the place where that is known
   */
  static TomlParseResult parse(String file, String text) throws ConfigException {
    TomlParseResult toml;
    try {
      toml = Toml.parse(text);
    } catch (StackOverflowError tooDeep) { // the parser holds nothing that could be left halfway
      throw new ConfigException(file + ": brackets or braces nest too deeply");
    } catch (RuntimeException | AssertionError escape) {
      // It finds some wrong escapes where it does not expect its own errors.
      throw new ConfigException(
          file + ": a text in quotes has a backslash that is no escape of TOML: write it as \\\\");
    }
    if (toml.hasErrors()) {
      var error = toml.errors().getFirst();
      String what = error.getMessage() == null ? "no TOML" : error.getMessage();
      throw new ConfigException(
          file + ":" + error.position().line() + ": " + what.replaceAll("\\s+", " "));
    }
    return toml;
  }
}
