package dormouse.imap;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dormouse.imap.track.SelectedMailbox;
import dormouse.imap.view.UidSet;
import dormouse.session.Client;
import dormouse.session.KeepAlivePhase;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Instant;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// What is kept of a sleeping session and is its own, and how it is packed: numbers in 7-bit groups, texts behind their length. What is
/// mostly nothing takes a bit then.
/// ```text
/// session id   remote: address, port   tag, empty for none   since   exists   uidValidity   uidNext   highestModSeq
/// which of these are not 0, and those: malformed   patientUntilMillis   wokeAt   doublings   \Recent as counted   \Recent as known; and whether neverAwake
/// ```
/// Immutable.
///
/// @param remote the client's address
/// @param idleTag of the client's IDLE; null if no command runs
/// @param malformed how often the client was not understood
/// @param since when the sleep began
/// @param patientUntilMillis when a client that is in no IDLE has been silent for too long, as the wheel counts
/// @param wokeAt when it woke last
/// @param doublings by how much it has to be quiet for longer
/// @param neverAwake whether it began asleep, and sleeps on since
/// @param exists and what follows: of the mailbox that is selected, as the client was told
/// @param recentUids which messages are `\Recent` to the client
record OwnFacts(
    String sessionId,
    InetSocketAddress remote,
    @Nullable String idleTag,
    int malformed,
    Instant since,
    long patientUntilMillis,
    Instant wokeAt,
    int doublings,
    boolean neverAwake,
    long exists,
    long recent,
    long uidValidity,
    long uidNext,
    long highestModSeq,
    UidSet recentUids) {
  private static final int USUAL_BYTES = 96;
  private static final int NO_TAG = 0;
  private static final int KNOWN_RECENT = 5; // the bit of what comes last
  private static final int NEVER_AWAKE = 6; // a bit and no more

  /// What is a session's own that rests.
  ///
  /// @param recentUids which messages are `\Recent` to the client
  static OwnFacts of(
      Client who,
      Doze doze,
      int malformed,
      QuietClock.Rest restless,
      @Nullable SelectedMailbox selected,
      UidSet recentUids) {
    return new OwnFacts(
        who.sessionId(),
        who.remote(),
        doze.idleTag(),
        malformed,
        doze.since(),
        doze.patientUntilMillis(),
        restless.wokeAt(),
        restless.doublings(),
        doze.neverAwake(),
        selected == null ? 0 : selected.exists(),
        selected == null ? 0 : selected.recent(),
        selected == null ? 0 : selected.uidValidity(),
        selected == null ? 0 : selected.uidNext(),
        selected == null ? 0 : selected.highestModSeq(),
        recentUids);
  }

  /// Whether an address can be packed: one of a link of ours has more to it than its bytes.
  static boolean fits(InetSocketAddress address) {
    return !address.isUnresolved()
        && !(address.getAddress() instanceof Inet6Address six && six.getScopeId() != 0);
  }

  /// When its keep-alives are said ([KeepAlivePhase#hashOf]).
  ///
  /// @param user the user's one name
  int beat(String user) {
    return KeepAlivePhase.hashOf(remote.getAddress(), user);
  }

  byte[] packed() {
    ByteBuf out = Unpooled.buffer(USUAL_BYTES);
    text(out, sessionId);
    byte[] address = remote.getAddress().getAddress();
    out.writeByte(address.length).writeBytes(address).writeShort(remote.getPort());
    if (idleTag == null) {
      out.writeByte(NO_TAG); // no tag is empty
    } else {
      text(out, idleTag);
    }
    number(out, since.toEpochMilli());
    number(out, exists);
    number(out, uidValidity);
    number(out, uidNext);
    number(out, highestModSeq);
    long[] rare = {
      malformed,
      idleTag == null ? patientUntilMillis : 0,
      wokeAt.toEpochMilli(),
      doublings,
      recent,
      recentUids.size()
    };
    int which = neverAwake ? 1 << NEVER_AWAKE : 0;
    for (int i = 0; i < rare.length; i++) {
      which |= rare[i] == 0 ? 0 : 1 << i;
    }
    out.writeByte(which);
    for (int i = 0; i < KNOWN_RECENT; i++) {
      if (rare[i] != 0) {
        number(out, rare[i]);
      }
    }
    if (!recentUids.isEmpty()) {
      text(out, recentUids.toString());
    }
    return Arrays.copyOf(out.array(), out.readableBytes());
  }

  private static void text(ByteBuf out, String text) {
    number(out, text.length());
    out.writeCharSequence(text, ISO_8859_1);
  }

  private static void number(ByteBuf out, long number) {
    long left = number;
    while ((left & ~0x7FL) != 0) {
      out.writeByte((int) ((left & 0x7F) | 0x80));
      left >>>= 7;
    }
    out.writeByte((int) left);
  }

  /// @param packed what begins with what was [#packed]
  static OwnFacts unpack(byte[] packed) {
    ByteBuf in = Unpooled.wrappedBuffer(packed);
    String sessionId = text(in);
    InetSocketAddress remote = address(in);
    String tag = text(in);
    Instant since = Instant.ofEpochMilli(number(in));
    long exists = number(in);
    long uidValidity = number(in);
    long uidNext = number(in);
    long highestModSeq = number(in);
    int which = in.readByte();
    long[] rare = new long[KNOWN_RECENT];
    for (int i = 0; i < KNOWN_RECENT; i++) {
      rare[i] = (which & 1 << i) == 0 ? 0 : number(in);
    }
    UidSet known = (which & 1 << KNOWN_RECENT) == 0 ? UidSet.EMPTY : UidSet.parse(text(in));
    return new OwnFacts(
        sessionId,
        remote,
        tag.isEmpty() ? null : tag,
        (int) rare[0],
        since,
        rare[1],
        Instant.ofEpochMilli(rare[2]),
        (int) rare[3],
        (which & 1 << NEVER_AWAKE) != 0,
        exists,
        rare[4],
        uidValidity,
        uidNext,
        highestModSeq,
        Objects.requireNonNull(known, "packed by us"));
  }

  private static InetSocketAddress address(ByteBuf in) {
    byte[] address = new byte[in.readByte()];
    in.readBytes(address);
    try {
      return new InetSocketAddress(InetAddress.getByAddress(address), in.readUnsignedShort());
    } catch (UnknownHostException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String text(ByteBuf in) {
    return in.readCharSequence((int) number(in), ISO_8859_1).toString();
  }

  private static long number(ByteBuf in) {
    long number = 0;
    int shift = 0;
    while (true) {
      byte next = in.readByte();
      number |= (long) (next & 0x7F) << shift;
      if (next >= 0) {
        return number;
      }
      shift += 7;
    }
  }

  /// The mailbox that is selected.
  ///
  /// @param rest what it has in common with others; null if none is selected
  @Nullable SelectedMailbox selected(SelectedMailbox.@Nullable Rest rest) {
    return rest == null
        ? null
        : new SelectedMailbox(rest, exists, recent, uidValidity, uidNext, highestModSeq);
  }
}
