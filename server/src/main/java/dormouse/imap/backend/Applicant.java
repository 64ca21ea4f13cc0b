package dormouse.imap.backend;

import dormouse.auth.Credentials;
import dormouse.session.Client;

/// Who logs in at a backend.
///
/// @param client whom a trusted backend is told of; its session id names this connection in the backend's log
/// @param clientId the arguments of the client's own ID command, without fields that only Dormouse may send; or ""
/// @param credentials wiped by the login when it has its answer
public record Applicant(Client client, String clientId, Credentials credentials) {}
