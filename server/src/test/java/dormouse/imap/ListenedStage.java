package dormouse.imap;

import dormouse.auth.LoginGuard;
import dormouse.auth.LoginResult.Rejected;
import dormouse.auth.LoginThrottle;
import dormouse.config.LimitsSettings;
import dormouse.config.ListenSettings;
import dormouse.config.ListenTls;
import dormouse.config.LoginSettings;
import dormouse.config.Protocol;
import dormouse.config.ThrottleSettings;
import dormouse.config.TlsSettings;
import dormouse.listen.ConnectionLimits;
import dormouse.listen.EventLoops;
import dormouse.listen.Listeners;
import dormouse.listen.SecretKeys;
import dormouse.ops.Metrics;
import dormouse.session.Client;
import dormouse.session.SessionIds;
import dormouse.session.SteadyClock;
import dormouse.tls.BadCertificates;
import dormouse.tls.Certificates;
import dormouse.tls.records.RecordLayer;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;

/// A listener on 127.0.0.1 with everything that clients meet before their login, over real sockets. Every login is refused, after
/// its session has moved to the next loop.
final class ListenedStage implements AutoCloseable {
  final EventLoops loops;
  final Certificates certificates;
  private final Listeners listeners;
  final Queue<String> attempts = new ConcurrentLinkedQueue<>();
  final Queue<Channel> channels = new ConcurrentLinkedQueue<>();
  private final Set<String> certificateNames = ConcurrentHashMap.newKeySet();
  final Set<EventLoop> acceptedOn = ConcurrentHashMap.newKeySet();

  ListenedStage(ListenTls tls, TlsSettings settings, Path stateDir, int loopCount)
      throws IOException, BadCertificates {
    loops = EventLoops.start(loopCount, SteadyClock.start());
    certificates =
        Certificates.load(settings, stateDir, SteadyClock.start(), new RecordLayer(_ -> {}));
    ImapDialogue.Setup setup =
        new ImapDialogue.Setup(
            tls,
            certificates::newHandler,
            LoginSettings.DEFAULT,
            new LoginGuard(
                LoginSettings.DEFAULT,
                new LoginThrottle(ThrottleSettings.DEFAULT, new SecretKeys(), SteadyClock.start()),
                name -> name),
            (dialogue, tag, attempt) -> {
              attempts.add(attempt.user() + " " + LoginStage.password(attempt));
              refuseOnNextLoop(dialogue, tag);
            },
            new Dialogues(() -> false, () -> {}),
            loops::wheel,
            SteadyClock.start(),
            new Metrics());
    InetSocketAddress anyPort = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    listeners =
        new Listeners(
            loops,
            certificates::newHandler,
            new SessionIds(),
            new ConnectionLimits(LimitsSettings.DEFAULT, new SecretKeys(), new Metrics()),
            (_, client) -> dialogue(setup, client));
    listeners.prepare(List.of(new ListenSettings(Protocol.IMAP, anyPort, tls))).commit();
    listeners.begin();
  }

  private ChannelHandler dialogue(ImapDialogue.Setup setup, Client client) {
    return new ChannelInitializer<Channel>() {
      @Override
      protected void initChannel(Channel channel) {
        channels.add(channel);
        acceptedOn.add(channel.eventLoop());
        ImapDialogue dialogue = new ImapDialogue(setup, client);
        channel.pipeline().addLast(dialogue);
        channel
            .closeFuture()
            .addListener(_ -> certificateNames.add(dialogue.client().via().certificateName()));
      }
    };
  }

  private void refuseOnNextLoop(ImapDialogue dialogue, String tag) {
    Channel channel = dialogue.channel();
    List<EventLoop> all = loops.all();
    EventLoop next = all.get((all.indexOf(channel.eventLoop()) + 1) % all.size());
    channel
        .deregister()
        .addListener(_ ->
            next.register(channel)
                .addListener(_ ->
                    next.execute(
                        () -> dialogue.refuse(tag, new Rejected("AUTHENTICATIONFAILED", "")))));
  }

  /// The names of the certificates that clients showed, of connections that have ended; `""` for none.
  Set<String> certificateNames() {
    return certificateNames;
  }

  InetSocketAddress address() {
    return listeners.addresses().getFirst();
  }

  int port() {
    return address().getPort();
  }

  /// Listens no more; clients that are there stay.
  void stopListening() {
    listeners.close();
  }

  @Override
  public void close() {
    listeners.close();
    loops.close();
    certificates.close();
  }
}
