package dormouse.config;

import java.nio.file.Path;

/// A file of users, in the form of passwd files (`ann:{SCHEME}hash:…`) or in YAML, which is read again when it changes.
///
/// @param path its name; ends it in `.yaml` or `.yml`, it is YAML
/// @param scheme of passwords that say none
@Key("file")
public record FileLinkSettings(@Required Path path, String scheme) implements LinkKind {
  /// What a link of the file has that says nothing else; its path must be said.
  public static final FileLinkSettings DEFAULT = new FileLinkSettings(Path.of("users"), "CRYPT");

  public FileLinkSettings {
    new Checks()
        .that(scheme.matches("[A-Za-z0-9-]{1,32}"), "scheme", "a scheme such as CRYPT or PLAIN")
        .done();
  }
}
