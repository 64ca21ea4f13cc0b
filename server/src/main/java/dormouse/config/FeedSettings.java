package dormouse.config;

/// One source of word that mailboxes have changed. Immutable.
///
/// @param kind what it is, by its own key
public record FeedSettings(FeedKind kind) {}
