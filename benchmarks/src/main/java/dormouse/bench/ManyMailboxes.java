package dormouse.bench;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.LineBasedFrameDecoder;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// An IMAP server with a great many mailboxes and no mail: each user has an INBOX whose UIDs are known and whose messages nobody can
/// read. It speaks as much of IMAP as a front end that hibernates needs, with CONDSTORE and IDLE, and tells of what comes
/// as Dovecot's event exporter does.
///
/// Of a user's first messages 2 % of the UIDs are missing, others for each user, as in a mailbox in which now and then one is deleted.
/// Any thread; all is done on one loop of its own.
final class ManyMailboxes implements AutoCloseable {
  private static final String CAPABILITIES =
      "IMAP4rev1 SASL-IR ID AUTH=PLAIN ENABLE IDLE CONDSTORE ESEARCH UIDPLUS UNSELECT NAMESPACE";
  private static final int LONGEST_LINE = 64 << 10;
  private static final int GAPS_PER_HUNDRED = 2;

  /// One user's INBOX.
  private static final class Mailbox {
    final int number;
    final int first; // messages in the beginning
    final Set<Session> sessions = new HashSet<>();
    int delivered;

    Mailbox(int number, int first) {
      this.number = number;
      this.first = first;
    }

    int exists() {
      return first + delivered;
    }

    int lastOfFirst() {
      return first + gaps();
    }

    private int gaps() {
      return first * GAPS_PER_HUNDRED / 100;
    }

    long uidNext() {
      return 1L + lastOfFirst() + delivered;
    }

    long modSeq() {
      return first + 1L + delivered;
    }

    /// As an IMAP sequence-set.
    String uids() {
      Random random = new Random(number);
      Set<Integer> missing = new HashSet<>();
      while (missing.size() < gaps()) {
        missing.add(1 + random.nextInt(lastOfFirst() - 1)); // the last one is there
      }
      StringBuilder set = new StringBuilder();
      long end = uidNext() - 1;
      for (long uid = 1; uid <= end; uid++) {
        if (missing.contains((int) uid)) {
          continue;
        }
        long from = uid;
        while (uid < end && !missing.contains((int) uid + 1)) {
          uid++;
        }
        set.append(set.isEmpty() ? "" : ",").append(from);
        if (uid > from) {
          set.append(':').append(uid);
        }
      }
      return set.toString();
    }
  }

  private final EventLoopGroup group =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final HttpClient http = HttpClient.newHttpClient();
  private final Map<String, Mailbox> mailboxes = new ConcurrentHashMap<>();
  private final int messages;
  private final URI events;
  private final Channel listener;

  /// @param messages in each INBOX
  /// @param eventPort of this machine, where somebody listens to events of Dovecot's form
  ManyMailboxes(int messages, int eventPort) {
    this.messages = messages;
    this.events = URI.create("http://127.0.0.1:" + eventPort + "/");
    this.listener =
        new ServerBootstrap()
            .group(group)
            .channel(NioServerSocketChannel.class)
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    channel
                        .pipeline()
                        .addLast(new LineBasedFrameDecoder(LONGEST_LINE))
                        .addLast(new Session(channel));
                  }
                })
            .bind(InetAddress.getLoopbackAddress(), 0)
            .syncUninterruptibly()
            .channel();
  }

  int port() {
    return ((InetSocketAddress) listener.localAddress()).getPort();
  }

  /// One more message is in the user's INBOX: connections that idle there are told, and so is who listens to events.
  void deliver(String user) {
    group
        .submit(() -> {
          Mailbox mailbox = mailboxOf(user);
          mailbox.delivered++;
          mailbox.sessions.forEach(Session::tellIfIdle);
        })
        .syncUninterruptibly();
    String event =
        """
        {"event":"push_notification_finished","fields":{"user":"%s"}}\
        """
            .formatted(user);
    http.sendAsync(
            HttpRequest.newBuilder(events).POST(HttpRequest.BodyPublishers.ofString(event)).build(),
            HttpResponse.BodyHandlers.discarding())
        .join();
  }

  private Mailbox mailboxOf(String user) {
    return mailboxes.computeIfAbsent(
        user, name -> new Mailbox(Integer.parseInt(name.substring(1)), messages));
  }

  /// One connection.
  private final class Session extends SimpleChannelInboundHandler<ByteBuf> {
    private final Channel channel;
    private @Nullable Mailbox own;
    private @Nullable Mailbox selected;
    private int told;
    private String idle = "";

    Session(Channel channel) {
      this.channel = channel;
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
      say("* OK [CAPABILITY " + CAPABILITIES + "] Stand-in ready");
    }

    @Override
    protected void channelRead0(ChannelHandlerContext on, ByteBuf bytes) {
      String line = bytes.toString(StandardCharsets.ISO_8859_1);
      if (!idle.isEmpty()) {
        say(idle + " OK Idle completed.");
        idle = "";
        return;
      }
      String[] words = line.split(" ", 3);
      String tag = words[0];
      String arguments = words.length > 2 ? words[2] : "";
      String command = words[1].toUpperCase(Locale.ROOT);
      switch (command) {
        case "CAPABILITY" -> say("* CAPABILITY " + CAPABILITIES);
        case "ID" -> say("* ID (\"name\" \"Stand-in\")");
        case "NAMESPACE" -> say("* NAMESPACE ((\"\" \"/\")) NIL NIL");
        case "AUTHENTICATE" -> {
          String response =
              new String(
                  Base64.getDecoder().decode(arguments.split(" ")[1]), StandardCharsets.UTF_8);
          own = mailboxOf(response.split("\0")[1]);
          say(tag + " OK [CAPABILITY " + CAPABILITIES + "] Logged in");
          return;
        }
        case "ENABLE" -> say("* ENABLED " + arguments);
        case "SELECT", "EXAMINE" -> {
          select(own());
          say(tag + (command.equals("SELECT") ? " OK [READ-WRITE] done" : " OK [READ-ONLY] done"));
          return;
        }
        case "UNSELECT", "CLOSE" -> leave();
        case "STATUS" ->
            say(
                "* STATUS INBOX (MESSAGES %d UIDNEXT %d UIDVALIDITY %d HIGHESTMODSEQ %d)"
                    .formatted(own().exists(), own().uidNext(), uidValidity(), own().modSeq()));
        case "NOOP" -> tell();
        case "UID" -> uid(tag, arguments.toUpperCase(Locale.ROOT));
        case "IDLE" -> {
          idle = tag;
          say("+ idling");
          tell();
          return;
        }
        case "LOGOUT" -> {
          say("* BYE Stand-in leaves");
          say(tag + " OK done");
          on.close();
          return;
        }
        default -> {
          say(tag + " BAD not here");
          return;
        }
      }
      say(tag + " OK done");
    }

    private void select(Mailbox mailbox) {
      leave();
      selected = mailbox;
      mailbox.sessions.add(this);
      told = mailbox.exists();
      say("* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)");
      say("* OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft \\*)] Flags");
      say("* " + told + " EXISTS");
      say("* 0 RECENT");
      say("* OK [UIDVALIDITY " + uidValidity() + "] UIDs valid");
      say("* OK [UIDNEXT " + mailbox.uidNext() + "] Predicted next UID");
      say("* OK [HIGHESTMODSEQ " + mailbox.modSeq() + "] Highest");
    }

    /// The user's who has logged in.
    private Mailbox own() {
      return Objects.requireNonNull(own);
    }

    private long uidValidity() {
      return 1_700_000_000L + own().number;
    }

    private void leave() {
      Mailbox left = selected;
      if (left != null) {
        left.sessions.remove(this);
        selected = null;
      }
    }

    /// SEARCH for all, or FETCH of the flags that changed since: the delivered messages are all that ever does.
    private void uid(String tag, String arguments) {
      Mailbox mailbox = Objects.requireNonNull(selected);
      if (arguments.startsWith("SEARCH")) {
        say("* ESEARCH (TAG \"" + tag + "\") UID ALL " + mailbox.uids());
        return;
      }
      long last = Long.parseLong(arguments.split(" ")[1].split(":")[1]);
      long since = Long.parseLong(arguments.replaceAll(".*CHANGEDSINCE (\\d+).*", "$1"));
      for (int i = 1; i <= mailbox.delivered; i++) {
        long uid = (long) mailbox.lastOfFirst() + i;
        long modSeq = mailbox.first + 1L + i;
        if (uid <= last && modSeq > since) {
          say("* %d FETCH (UID %d FLAGS () MODSEQ (%d))".formatted(mailbox.first + i, uid, modSeq));
        }
      }
    }

    void tellIfIdle() {
      if (!idle.isEmpty()) {
        tell();
      }
    }

    private void tell() {
      if (selected != null && told < selected.exists()) {
        told = selected.exists();
        say("* " + told + " EXISTS");
      }
    }

    private void say(String line) {
      channel.writeAndFlush(Unpooled.copiedBuffer(line + "\r\n", StandardCharsets.ISO_8859_1));
    }

    @Override
    public void channelInactive(ChannelHandlerContext gone) {
      leave();
    }
  }

  @Override
  public void close() {
    group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
    http.close();
  }
}
