package dormouse.config;

/// A backend of a group.
///
/// @param weight its share of the users, as against those of the others; 0: it serves only while no other can; at most 1000
public record MemberSettings(int weight) {
  public static final MemberSettings DEFAULT = new MemberSettings(1);

  public MemberSettings {
    new Checks().between("weight", weight, 0, 1000).done();
  }
}
