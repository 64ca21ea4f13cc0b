package dormouse.testkit;

import com.icegreen.greenmail.Managers;
import com.icegreen.greenmail.imap.ImapHandler;
import com.icegreen.greenmail.imap.commands.IdRange;
import com.icegreen.greenmail.store.FolderException;
import com.icegreen.greenmail.store.MailFolder;
import com.icegreen.greenmail.user.GreenMailUser;
import com.icegreen.greenmail.user.UserException;
import jakarta.mail.Flags;
import jakarta.mail.MessagingException;
import jakarta.mail.Session;
import jakarta.mail.internet.MimeMessage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Date;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// GreenMail's IMAP server in this process, with mail in memory: no CONDSTORE, no ESEARCH, no UNSELECT.
///
/// Mail and users outlive [#stop]. Each connection is served on a virtual thread and may stay silent
/// for ever. Any thread.
///
/// What GreenMail 2.1.7 does not do as RFC 9051 says:
/// - IDLE needs a selected mailbox, and begins to listen a moment after its `+`; flag changes are told at its
///   end only; an EXPUNGE told during IDLE is told a second time at its end.
/// - Sequence numbers are always those of the present mailbox, also for a session that has not heard of
///   an EXPUNGE; EXISTS then already counts without the message.
/// - STORE FLAGS does not remove keywords.
/// - The last CRLF of a body is left out of BODY[TEXT].
/// - FLAGS and PERMANENTFLAGS never name keywords.
public final class EmbeddedBackend implements AutoCloseable {
  private static final int QUEUE = 1000;

  private final Managers managers = new Managers();
  private final Set<ImapHandler> handlers = ConcurrentHashMap.newKeySet();
  private int port;
  private @Nullable ServerSocket listener;
  private @Nullable Thread acceptor;

  private EmbeddedBackend(int port) {
    this.port = port;
  }

  /// Starts one on a free port of 127.0.0.1.
  public static EmbeddedBackend start() {
    return start(FreePort.next());
  }

  /// Starts one on this port of 127.0.0.1; 0 takes a free one.
  public static EmbeddedBackend start(int port) {
    var backend = new EmbeddedBackend(port);
    backend.restart();
    return backend;
  }

  /// Listens again on the same port, with the same mail; stops first if it runs.
  public synchronized void restart() {
    stop();
    try {
      var socket = new ServerSocket();
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), QUEUE);
      port = socket.getLocalPort();
      listener = socket;
      acceptor = Thread.ofVirtual().name("embedded-backend-" + port).start(() -> acceptAll(socket));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void acceptAll(ServerSocket socket) {
    while (!socket.isClosed()) {
      try {
        serve(socket, socket.accept());
      } catch (IOException _) {
        // closed, or the client left the queue
      }
    }
  }

  private void serve(ServerSocket acceptedBy, Socket client) throws IOException {
    client.setTcpNoDelay(true);
    var handler = new ImapHandler(managers.getUserManager(), managers.getImapHostManager(), client);
    handlers.add(handler);
    Thread.ofVirtual()
        .name("embedded-backend-" + port + "-" + client.getPort())
        .start(() -> run(handler));
    if (acceptedBy.isClosed()) {
      handler.close();
    }
  }

  private void run(ImapHandler handler) {
    try {
      handler.run();
    } catch (IllegalStateException _) {
      // how GreenMail says that a client closed or sent garbage
    } finally {
      handlers.remove(handler);
    }
  }

  /// Stops listening and ends all connections without a word.
  public synchronized void stop() {
    var socket = listener;
    if (socket == null) {
      return;
    }
    try {
      socket.close();
      if (acceptor != null) {
        acceptor.join(); // the port is free only then
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
    handlers.forEach(ImapHandler::close);
    listener = null;
  }

  /// Where it listens: IMAP in the clear.
  public int port() {
    return port;
  }

  /// How many connections are open now.
  public int connections() {
    return handlers.size();
  }

  /// Adds a user with an INBOX.
  public void addUser(String user, String password) {
    try {
      managers.getUserManager().createUser(user + "@localhost", user, password);
    } catch (UserException e) {
      throw new IllegalArgumentException(e);
    }
  }

  /// Changes a password.
  public void setPassword(String user, String password) {
    find(user).setPassword(password);
  }

  /// A client logged in as this user.
  public ImapClient client(String user) {
    return ImapClient.connect(Endpoint.plain(port)).login(user, find(user).getPassword());
  }

  /// Creates a mailbox (hierarchy separator `.`).
  public void createMailbox(String user, String mailbox) {
    try {
      managers.getImapHostManager().createMailbox(find(user), mailbox);
    } catch (Exception e) {
      throw new IllegalArgumentException(e);
    }
  }

  /// Adds a message (CRLF line ends): its UID.
  @SuppressWarnings("JavaUtilDate") // GreenMail's
  public long append(String user, String mailbox, String message, Flags.Flag... flags) {
    var set = new Flags();
    Arrays.stream(flags).forEach(set::add);
    try {
      var bytes = new ByteArrayInputStream(message.getBytes(StandardCharsets.UTF_8));
      var mime = new MimeMessage(Session.getInstance(new Properties()), bytes);
      return folder(user, mailbox).appendMessage(mime, set, new Date());
    } catch (MessagingException e) {
      throw new IllegalArgumentException(e);
    }
  }

  /// Sets or clears a flag.
  public void flag(String user, String mailbox, long uid, Flags.Flag flag, boolean on) {
    try {
      folder(user, mailbox).setFlags(new Flags(flag), on, uid, null, false);
    } catch (FolderException e) {
      throw new IllegalArgumentException(e);
    }
  }

  /// Expunges exactly these messages.
  public void expunge(String user, String mailbox, long... uids) {
    for (long uid : uids) {
      flag(user, mailbox, uid, Flags.Flag.DELETED, true);
    }
    folder(user, mailbox)
        .expunge(Arrays.stream(uids).mapToObj(IdRange::new).toArray(IdRange[]::new));
  }

  /// The UIDs in a mailbox, ascending.
  public List<Long> uids(String user, String mailbox) {
    return Arrays.stream(folder(user, mailbox).getMessageUids()).boxed().toList();
  }

  private MailFolder folder(String user, String mailbox) {
    var folder = managers.getImapHostManager().getFolder(find(user), mailbox);
    if (folder == null) {
      throw new IllegalArgumentException("no mailbox " + mailbox + " of " + user);
    }
    return folder;
  }

  private GreenMailUser find(String user) {
    var found = managers.getUserManager().getUser(user);
    if (found == null) {
      throw new IllegalArgumentException("no user " + user);
    }
    return found;
  }

  @Override
  public void close() {
    stop();
  }
}
