-- What an MQTT account may do. Rules only allow; what no rule allows is refused: a rule that refuses cannot be told to go-auth,
-- VerneMQ or amqtt, and would be silently wider there.
CREATE TABLE mqtt_acls (
  id bigint GENERATED ALWAYS AS IDENTITY,
  username text,
  client_id text,
  topic text NOT NULL,
  access bigint NOT NULL,
  origin text NOT NULL DEFAULT 'manual',
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT mqtt_acls_pkey PRIMARY KEY (id),
  CONSTRAINT mqtt_acls_username_client_id_topic_key UNIQUE NULLS NOT DISTINCT (username, client_id, topic),
  CONSTRAINT mqtt_acls_username_fkey FOREIGN KEY (username) REFERENCES mqtt_users (username) ON UPDATE CASCADE ON DELETE CASCADE,
  CONSTRAINT mqtt_acls_client_id_check CHECK (client_id ~ '^[A-Za-z0-9_.:@-]{1,128}$'),
  -- A filter as MQTT has it: + is a whole level, # the last one.
  CONSTRAINT mqtt_acls_topic_check CHECK (
    char_length(topic) BETWEEN 1 AND 500 AND topic ~ '^((\+|[^+#/]*)/)*(\+|#|[^+#/]*)$'
  ),
  CONSTRAINT mqtt_acls_access_check CHECK (access BETWEEN 1 AND 7),
  CONSTRAINT mqtt_acls_origin_check CHECK (origin IN ('template', 'manual'))
);

COMMENT ON TABLE mqtt_acls IS 'One row per rule: who may do what with the topics of a filter.';
COMMENT ON COLUMN mqtt_acls.username IS 'Whom it is for; NULL: everybody.';
COMMENT ON COLUMN mqtt_acls.client_id IS 'Only with this client id; NULL: any.';
COMMENT ON COLUMN mqtt_acls.topic IS 'A topic filter; %u stands for the username, %c for the client id.';
COMMENT ON COLUMN mqtt_acls.access IS 'A sum: 1 receive, 2 publish, 4 subscribe.';
COMMENT ON COLUMN mqtt_acls.origin IS 'template: given with the account; manual: by somebody.';

SELECT audit_table_v1('mqtt_acls', keys => '{id}', shown => '{username,client_id,topic,access}');
