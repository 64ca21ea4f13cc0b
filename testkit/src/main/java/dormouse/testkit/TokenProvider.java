package dormouse.testkit;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.EdECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.MGF1ParameterSpec;
import java.security.spec.PSSParameterSpec;
import java.util.Arrays;
import java.util.Base64;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/// A provider of OAuth 2.0: keys at `/jwks`, introspection at `/introspect` for the client `dormouse` with the secret [#SECRET]. Its
/// keys are an RSA, an EC (P-256) and an Ed25519 one, made anew by [#rotate]. On a free port of 127.0.0.1. Any thread.
public final class TokenProvider implements AutoCloseable {
  public static final String SECRET = "pro/vider secret";

  private static final String AUTHORIZATION =
      "Basic "
          + Base64.getEncoder()
              .encodeToString("dormouse:pro%2Fvider+secret".getBytes(StandardCharsets.UTF_8));

  /// How it takes a question and gives no answer.
  public enum Silence {
    /// It answers.
    NONE,
    /// It says nothing.
    WHOLE,
    /// It begins, and goes on no more.
    BEHIND_HEADERS
  }

  private final HttpServer server;
  private final Map<String, String> introspected = new ConcurrentHashMap<>();
  private final AtomicInteger served = new AtomicInteger();
  private final AtomicInteger generation = new AtomicInteger();
  private volatile Silence silence = Silence.NONE;
  private volatile KeyPair rsa = newKey("RSA", 2048);
  private volatile KeyPair ec = newKey("EC", 256);
  private volatile KeyPair ed25519 = newKey("Ed25519", 255);

  private TokenProvider(int port) throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 100);
    server.createContext("/jwks", exchange -> answer(exchange, 200, jwks()));
    server.createContext("/introspect", this::introspect);
    server.start();
  }

  /// Starts one.
  public static TokenProvider start() {
    try {
      return new TokenProvider(0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public String url() {
    return "http://127.0.0.1:" + server.getAddress().getPort();
  }

  /// From now on signs with other keys, of which alone it tells.
  public void rotate() {
    generation.incrementAndGet();
    rsa = newKey("RSA", 2048);
    ec = newKey("EC", 256);
    ed25519 = newKey("Ed25519", 255);
  }

  /// From now on answers so.
  public void falls(Silence how) {
    silence = how;
  }

  /// How often its keys were fetched, and tokens introspected.
  public int served() {
    return served.get();
  }

  /// From now on says this of a token.
  public void introspects(String token, String json) {
    introspected.put(token, json);
  }

  /// From now on says of a token that nobody can ask of such a one: 400 (RFC 6749 §5.2).
  public void takesNoQuestionOf(String token) {
    introspected.put(token, "");
  }

  /// A signed token with these claims, in JSON.
  ///
  /// @param algorithm RS256, PS256, ES256 or EdDSA
  public String token(String algorithm, String claims) {
    String id = algorithm.substring(0, 1) + generation;
    return token("{\"alg\":\"" + algorithm + "\",\"kid\":\"" + id + "\"}", algorithm, claims);
  }

  /// The same under any header.
  public String token(String header, String algorithm, String claims) {
    String signed = base64(utf8(header)) + "." + base64(utf8(claims));
    try {
      return signed + "." + base64(sign(algorithm, utf8(signed)));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private byte[] sign(String algorithm, byte[] message) throws GeneralSecurityException {
    Signature signature =
        switch (algorithm) {
          case "RS256" -> Signature.getInstance("SHA256withRSA");
          case "PS256" -> Signature.getInstance("RSASSA-PSS");
          case "ES256" -> Signature.getInstance("SHA256withECDSAinP1363Format");
          default -> Signature.getInstance("Ed25519");
        };
    if (algorithm.equals("PS256")) {
      signature.setParameter(
          new PSSParameterSpec("SHA-256", "MGF1", MGF1ParameterSpec.SHA256, 32, 1));
    }
    KeyPair key =
        switch (algorithm) {
          case "RS256", "PS256" -> rsa;
          case "ES256" -> ec;
          default -> ed25519;
        };
    signature.initSign(key.getPrivate());
    signature.update(message);
    return signature.sign();
  }

  /// The modulus of its RSA key, as anybody may know it.
  public byte[] rsaPublicKey() {
    return rsa.getPublic().getEncoded();
  }

  /// What it says of its keys, a JSON Web Key Set.
  public String jwks() {
    RSAPublicKey rsaKey = (RSAPublicKey) rsa.getPublic();
    ECPublicKey ecKey = (ECPublicKey) ec.getPublic();
    EdECPublicKey edKey = (EdECPublicKey) ed25519.getPublic();
    return """
    {"keys":[
      {"kty":"oct","kid":"R%1$d","k":"c2VjcmV0"},
      {"kty":"RSA","kid":"R%1$d","use":"sig","n":"%2$s","e":"%3$s","x5c":[{"a":[1]}]},
      {"kty":"RSA","kid":"P%1$d","n":"%2$s","e":"%3$s"},
      {"kty":"RSA","kid":"X","use":"enc","n":"%2$s","e":"%3$s"},
      {"kty":"EC","kid":"E%1$d","crv":"P-256","x":"%4$s","y":"%5$s"},
      {"kty":"OKP","kid":"D%1$d","crv":"Ed25519","x":"%6$s"},
      {"kty":"OKP","kid":"E%1$d","crv":"Ed25519","x":"%6$s"}
    ]}
    """
        .formatted(
            generation.get(),
            base64(unsigned(rsaKey.getModulus())),
            base64(unsigned(rsaKey.getPublicExponent())),
            base64(fixed(ecKey.getW().getAffineX())),
            base64(fixed(ecKey.getW().getAffineY())),
            base64(encoded(edKey)));
  }

  private void introspect(HttpExchange exchange) throws IOException {
    String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
    if (!AUTHORIZATION.equals(exchange.getRequestHeaders().getFirst("Authorization"))) {
      answer(exchange, 401, "{}");
      return;
    }
    String token = URLDecoder.decode(body.replaceAll("^token=|&.*$", ""), StandardCharsets.UTF_8);
    String said = introspected.getOrDefault(token, "{\"active\":false}");
    answer(
        exchange,
        said.isEmpty() ? 400 : 200,
        said.isEmpty() ? "{\"error\":\"invalid_request\"}" : said);
  }

  private void answer(HttpExchange exchange, int status, String json) throws IOException {
    served.incrementAndGet();
    byte[] body = utf8(json);
    switch (silence) {
      case NONE -> {}
      case WHOLE -> {
        return;
      }
      case BEHIND_HEADERS -> {
        exchange.sendResponseHeaders(status, body.length);
        exchange.getResponseBody().flush();
        return;
      }
    }
    exchange.sendResponseHeaders(status, body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }

  /// RFC 8032 §5.1.2: y, its least byte first, with x's lowest bit on top.
  private static byte[] encoded(EdECPublicKey key) {
    byte[] y = fixed(key.getPoint().getY());
    for (int i = 0; i < 16; i++) {
      byte swapped = y[i];
      y[i] = y[31 - i];
      y[31 - i] = swapped;
    }
    if (key.getPoint().isXOdd()) {
      y[31] |= (byte) 0x80;
    }
    return y;
  }

  private static byte[] fixed(BigInteger number) {
    byte[] bytes = unsigned(number);
    byte[] whole = new byte[32];
    System.arraycopy(bytes, 0, whole, 32 - bytes.length, bytes.length);
    return whole;
  }

  private static byte[] unsigned(BigInteger number) {
    byte[] bytes = number.toByteArray();
    return bytes[0] == 0 && bytes.length > 1 ? Arrays.copyOfRange(bytes, 1, bytes.length) : bytes;
  }

  private static KeyPair newKey(String algorithm, int bits) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance(algorithm);
      generator.initialize(bits);
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String base64(byte[] bytes) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
