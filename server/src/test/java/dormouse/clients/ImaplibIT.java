package dormouse.clients;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Python's imaplib: two connections of one user, of which one polls with NOOP while the other changes the mailbox.
class ImaplibIT extends MailProgramStage {
  private static final String SCRIPT =
      """
      import imaplib, ssl, sys

      how, port, user, password, certificate = sys.argv[1:]
      trust = ssl.create_default_context(cafile=certificate)

      def connect():
          if how == 'imaps':
              session = imaplib.IMAP4_SSL('127.0.0.1', int(port), ssl_context=trust)
          else:
              session = imaplib.IMAP4('127.0.0.1', int(port))
              session.starttls(trust)
          ok(session.login(user, password))
          return session

      def ok(answer):
          assert answer[0] == 'OK', answer
          return answer[1]

      def told(session, name):
          return [int(number) for number in session.untagged_responses.pop(name, [])]

      writer, poller = connect(), connect()
      assert ok(poller.select('INBOX')) == [b'0']
      assert ok(writer.select('INBOX')) == [b'0']
      told(poller, 'EXISTS')

      for count in range(1, 6):
          message = b'Subject: %d\\r\\n\\r\\nHello\\r\\n' % count
          ok(writer.append('INBOX', None, None, message))
          ok(poller.noop())
          assert told(poller, 'EXISTS')[-1] == count
          body = ok(poller.uid('FETCH', str(count), '(BODY.PEEK[])'))[0][1]
          assert body == message, body

      ok(writer.store('2:3', '+FLAGS', r'(\\Seen \\Deleted)'))
      ok(poller.noop())
      assert len(poller.untagged_responses.pop('FETCH')) == 2
      assert ok(poller.search(None, 'DELETED')) == [b'2 3']

      assert ok(writer.expunge()) in ([b'2', b'2'], [b'3', b'2'])
      ok(poller.noop())
      assert told(poller, 'EXPUNGE') in ([2, 2], [3, 2])
      assert ok(poller.uid('SEARCH', 'ALL')) == [b'1 4 5']
      assert [part[0] for part in ok(poller.fetch('1:*', '(UID BODY.PEEK[TEXT])'))[::2]] == [
          b'%d (UID %d BODY[TEXT] {7}' % pair for pair in ((1, 1), (2, 4), (3, 5))]

      ok(writer.create('Archive'))
      ok(writer.copy('1:2', 'Archive'))
      assert ok(writer.status('Archive', '(MESSAGES)')) == [b'Archive (MESSAGES 2)']
      ok(poller.close())
      assert ok(poller.select('Archive', readonly=True)) == [b'2']
      ok(poller.unselect())
      for session in writer, poller:
          assert session.logout()[0] == 'BYE'
      print('well')
      """;

  @ParameterizedTest
  @ValueSource(strings = {"imaps", "imap"})
  void oneChangesWhatTheOtherPolls(String scheme) {
    Path script = program.file("script.py", SCRIPT);
    int port = scheme.equals("imaps") ? imapsPort() : startTlsPort();

    String said =
        program.run(
            "python3",
            script.toString(),
            scheme,
            Integer.toString(port),
            user,
            PASSWORD,
            certificate());

    assertThat(said).isEqualTo("well\n");
    assertThat(server("INBOX")).hasSize(3);
    assertThat(server("Archive")).hasSize(2);
  }
}
