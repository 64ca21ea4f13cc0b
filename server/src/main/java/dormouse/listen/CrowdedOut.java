package dormouse.listen;

/// What a channel's pipeline hears when its client has waited too long with its login: it is to be closed, and its handlers say
/// why.
public enum CrowdedOut {
  /// More came than may wait at once.
  BY_NEWCOMERS
}
