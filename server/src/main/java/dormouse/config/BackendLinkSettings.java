package dormouse.config;

/// The backend's own login decides: nobody else is asked, and it gets the client's password.
@Key("backend")
public record BackendLinkSettings() implements LinkKind {}
