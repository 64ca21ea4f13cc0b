package dormouse.config;

import com.unboundid.ldap.sdk.DN;
import com.unboundid.ldap.sdk.Filter;
import com.unboundid.ldap.sdk.LDAPException;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// An LDAP directory that knows the users: one search finds the user's entry, and a bind as that entry, or an attribute of its,
/// says whether the password is right.
///
/// @param urls `ldap://HOST` or `ldaps://HOST`, with or without a port; the first that answers is asked
/// @param starttls whether `ldap://` servers are asked for TLS before anything else, or not used
/// @param ca PEM, certificates that may sign the servers'; none: those the JDK trusts
/// @param bindDn who searches; none: nobody in particular
/// @param passwordFile holds that one's password
/// @param base where the search begins
/// @param scope how deep it goes
/// @param filter whose entry it is; `:user` and its like stand for values, escaped
/// @param attributes what they are to us, as `mailHost=host`; `password` is the password
/// @param bind whether the client's password is tried by a bind, where no attribute is the password
/// @param scheme of passwords that say none
/// @param connections at most; 1 to 1000
@Key("ldap")
public record LdapLinkSettings(
    @Required List<String> urls,
    boolean starttls,
    @Nullable Path ca,
    @Nullable String bindDn,
    @Nullable Path passwordFile,
    @Required String base,
    Scope scope,
    String filter,
    List<String> attributes,
    boolean bind,
    String scheme,
    int connections)
    implements LinkKind {
  /// What a filter can ask by.
  public static final Pattern PARAMETER = Pattern.compile(":(user|local|domain)\\b");

  /// What a link of the file has that says nothing else; its URLs and its base must be said.
  public static final LdapLinkSettings DEFAULT =
      new LdapLinkSettings(
          List.of("ldap://localhost"),
          false,
          null,
          null,
          null,
          "dc=example,dc=org",
          Scope.SUBTREE,
          "(uid=:user)",
          List.of(),
          true,
          "PLAIN",
          4);

  /// How deep a search goes.
  public enum Scope {
    /// All below the base.
    SUBTREE,
    /// Only what is right below it.
    ONE
  }

  public LdapLinkSettings {
    urls = List.copyOf(urls);
    attributes = List.copyOf(attributes);
    new Checks()
        .that(
            !urls.isEmpty() && urls.stream().allMatch(LdapLinkSettings::isUrl),
            "urls",
            "a list of URLs such as ldap://ldap.example.org or ldaps://[2001:db8::1]:636")
        .that(
            (bindDn == null) == (passwordFile == null),
            bindDn == null ? "bind-dn" : "password-file",
            "both `bind-dn` and `password-file`, or neither")
        .that(
            bindDn == null || DN.isValidDN(bindDn),
            "bind-dn",
            "a DN such as cn=dormouse,dc=example,dc=org")
        .that(DN.isValidDN(base), "base", "a DN such as ou=people,dc=example,dc=org")
        .that(
            isFilter(filter),
            "filter",
            "a filter that asks for `:user` or `:local`, such as (&(objectClass=person)(uid=:user))")
        .that(
            attributes.stream().allMatch(each -> each.matches("[A-Za-z][A-Za-z0-9;.-]*=[a-z_]+")),
            "attributes",
            "a list such as mailHost=host")
        .that(scheme.matches("[A-Za-z0-9-]{1,32}"), "scheme", "a scheme such as CRYPT or PLAIN")
        .between("connections", connections, 1, 1000)
        .done();
  }

  private static boolean isUrl(String url) {
    if (!url.matches("ldaps?://[^/]+/?")) {
      return false;
    }
    Units.HostPort address = Units.hostPort(address(url));
    return address != null && address.host().indexOf('*') < 0;
  }

  private static String address(String url) {
    String rest = url.substring(url.indexOf("//") + 2);
    return rest.endsWith("/") ? rest.substring(0, rest.length() - 1) : rest;
  }

  /// Where a URL of the settings leads, with its usual port if it says none.
  public static Units.HostPort server(String url) {
    Units.HostPort address = Units.hostPort(address(url));
    if (address == null) {
      throw new IllegalArgumentException(url); // refused before
    }
    int usual = url.startsWith("ldaps:") ? 636 : 389;
    return address.port() == 0 ? new Units.HostPort(address.host(), usual) : address;
  }

  /// Whether any of its servers is spoken to over TLS.
  public boolean usesTls() {
    return starttls || urls.stream().anyMatch(url -> url.startsWith("ldaps:"));
  }

  private static boolean isFilter(String filter) {
    try {
      Filter.create(PARAMETER.matcher(filter).replaceAll("x"));
      return filter.contains(":user") || filter.contains(":local");
    } catch (LDAPException _) {
      return false;
    }
  }
}
