-- People who are logged in. Access tokens are signed and short, and good only while their session is; the refresh token that gets the
-- next one is counted: each works once, and one that comes again ends the session, since somebody else has it.
CREATE TABLE sessions (
  id text NOT NULL,
  user_id bigint NOT NULL,
  nonce bytea NOT NULL,
  generation bigint NOT NULL DEFAULT 1,
  pepper_version bigint NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  refreshed_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  revoked_at timestamptz,
  reason text,
  address text,
  user_agent text,
  factors text [] NOT NULL DEFAULT '{password}',
  CONSTRAINT sessions_pkey PRIMARY KEY (id),
  CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
  CONSTRAINT sessions_nonce_check CHECK (octet_length(nonce) = 16),
  CONSTRAINT sessions_generation_check CHECK (generation BETWEEN 1 AND 4294967295),
  CONSTRAINT sessions_expires_at_check CHECK (expires_at > created_at),
  CONSTRAINT sessions_reason_check CHECK ((revoked_at IS NULL) = (reason IS NULL)),
  CONSTRAINT sessions_address_check CHECK (char_length(address) <= 64),
  CONSTRAINT sessions_user_agent_check CHECK (char_length(user_agent) <= 200),
  CONSTRAINT sessions_factors_check CHECK (factors @> '{password}' AND factors <@ '{password,totp,recovery_code}')
) WITH (fillfactor = 80);

CREATE INDEX sessions_user_id_idx ON sessions (user_id);
CREATE INDEX sessions_expires_at_idx ON sessions (expires_at);

COMMENT ON TABLE sessions IS 'One row per time that somebody logged in.';
COMMENT ON COLUMN sessions.nonce IS 'Random: its refresh tokens are made of it, of the pepper and of their number, and stored nowhere.';
COMMENT ON COLUMN sessions.generation IS 'The number of the refresh token that is good now.';
COMMENT ON COLUMN sessions.pepper_version IS 'Which pepper its refresh tokens are made under.';
COMMENT ON COLUMN sessions.refreshed_at IS 'When the token before it was used.';
COMMENT ON COLUMN sessions.expires_at IS 'When somebody has to log in again, however busy.';
COMMENT ON COLUMN sessions.reason IS 'Why it was ended.';
COMMENT ON COLUMN sessions.address IS 'Where the login came from.';
COMMENT ON COLUMN sessions.user_agent IS 'What the program that logged in said of itself.';
COMMENT ON COLUMN sessions.factors IS 'What whoever logged in has proved: password, and totp or recovery_code.';

CREATE FUNCTION notify_session_ended_v1() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM pg_notify('access_changed', OLD.id);
  RETURN NULL;
END
$$;

COMMENT ON FUNCTION notify_session_ended_v1() IS 'Sends the id of the session that ended, or proved more, on channel access_changed.';

CREATE TRIGGER sessions_ended AFTER UPDATE OF revoked_at, factors ON sessions
FOR EACH ROW EXECUTE FUNCTION notify_session_ended_v1();

CREATE TRIGGER sessions_deleted AFTER DELETE ON sessions
FOR EACH ROW EXECUTE FUNCTION notify_session_ended_v1();

SELECT audit_table_v1('sessions', keys => '{id}', shown => '{user_id,expires_at,revoked_at,reason,factors}');
