package dormouse.config;

/// How many answers to STATUS are kept, so that clients that poll many mailboxes need no backend while nothing changes. They
/// are kept where a feed tells of changes, and count as good for `hibernate.proof-max`.
///
/// @param perUserBytes memory for the answers of one user; about 600 bytes each; 0: none are kept; at most 16MiB
/// @param totalBytes memory for the answers of all users together; 0 to 1GiB
public record StatusCacheSettings(int perUserBytes, int totalBytes) {
  public static final StatusCacheSettings DEFAULT = new StatusCacheSettings(64 << 10, 64 << 20);

  private static final int MOST_PER_USER = 16 << 20;
  private static final int MOST = 1 << 30;

  public StatusCacheSettings {
    new Checks()
        .bytesBetween("per-user-bytes", perUserBytes, 0, MOST_PER_USER)
        .bytesBetween("total-bytes", totalBytes, 0, MOST)
        .done();
  }
}
