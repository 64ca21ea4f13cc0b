package dormouse.bench;

/// How [EchoServer] carries its connections.
enum EchoKind {
  /// Without TLS, on a channel.
  PLAIN("in the clear"),
  /// With Netty's SslHandler and BoringSSL, on a channel: what the others are compared with.
  ENGINE("SslHandler"),
  /// With records of our own, on a channel.
  LIVE("live"),
  /// Parked; read and answered from the slot.
  LIGHT("light wake"),
  /// Parked; each line takes a channel, is answered on it, and the channel is parked again.
  FULL("full wake + park");

  final String label;

  EchoKind(String label) {
    this.label = label;
  }
}
