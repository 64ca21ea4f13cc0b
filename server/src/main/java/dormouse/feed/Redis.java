package dormouse.feed;

import dormouse.config.RedisSettings;
import dormouse.config.SecretFile;
import dormouse.directory.password.SealedPassword;
import dormouse.listen.EventLoops;
import dormouse.session.TimerWheel;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.resolver.dns.DnsAddressResolverGroup;
import io.netty.resolver.dns.DnsNameResolverBuilder;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// A Redis server: how to reach it, and on which event loop. Any thread.
final class Redis implements AutoCloseable {
  private static final int CONNECT_MILLIS = 5000;

  private final RedisSettings settings;
  private final @Nullable SealedPassword password;
  private final EventLoop loop;
  private final TimerWheel wheel;
  private final boolean epoll;
  private final DnsAddressResolverGroup resolver;

  private Redis(RedisSettings settings, @Nullable SealedPassword password, EventLoops loops) {
    this.settings = settings;
    this.password = password;
    this.loop = loops.loopOf(settings.host());
    this.wheel = loops.wheel(loop);
    this.epoll = loops.epoll();
    this.resolver =
        new DnsAddressResolverGroup(
            new DnsNameResolverBuilder()
                .datagramChannelType(
                    epoll ? EpollDatagramChannel.class : NioDatagramChannel.class));
  }

  /// Reads the password's file, so it blocks.
  ///
  /// @throws IOException if the file holds no password; the message has nothing of what it holds
  static Redis of(RedisSettings settings, EventLoops loops) throws IOException {
    if (settings.passwordFile() == null) {
      return new Redis(settings, null, loops);
    }
    byte[] password = SecretFile.read(settings.passwordFile());
    try {
      return new Redis(settings, SealedPassword.seal(password), loops);
    } finally {
      Arrays.fill(password, (byte) 0);
    }
  }

  /// Connects and logs in; on the loop.
  RedisConnection connect(RedisConnection.Host host) {
    RedisConnection connection = new RedisConnection(host);
    new Bootstrap()
        .group(loop)
        .channel(epoll ? EpollSocketChannel.class : NioSocketChannel.class)
        .resolver(resolver)
        .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_MILLIS)
        .option(ChannelOption.SO_KEEPALIVE, true)
        .handler(
            new ChannelInitializer<Channel>() {
              @Override
              protected void initChannel(Channel channel) {
                channel.pipeline().addLast(new RedisReader()).addLast(connection);
              }
            })
        .connect(InetSocketAddress.createUnresolved(settings.host(), settings.port()))
        .addListener(done -> {
          if (done.isSuccess()) {
            connection.logIn(settings.user(), password);
          } else {
            connection.close();
          }
        });
    return connection;
  }

  RedisSettings settings() {
    return settings;
  }

  /// For log lines.
  String address() {
    return settings.host() + ":" + settings.port();
  }

  EventLoop loop() {
    return loop;
  }

  TimerWheel wheel() {
    return wheel;
  }

  @Override
  public void close() {
    resolver.close();
  }
}
