CREATE EXTENSION pg_stat_statements WITH SCHEMA public;

CREATE TABLE public.customers (
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  name text NOT NULL,
  email text NOT NULL,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT customers_pkey PRIMARY KEY (id),
  CONSTRAINT customers_email_key UNIQUE (email),
  CONSTRAINT customers_email_check CHECK ((email ~ '^[^@[:space:]]+@[^@[:space:]]+$'::text)),
  CONSTRAINT customers_name_check CHECK (((name = btrim(name)) AND ((char_length(name) >= 1) AND (char_length(name) <= 200))))
);
COMMENT ON TABLE public.customers IS 'One row per company that has, or had, a platform of ours.';

GRANT USAGE ON SEQUENCE public.schema_migrations_events_id_seq TO iotistic_app;
GRANT USAGE ON SEQUENCE public.schema_migrations_id_seq TO iotistic_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.customers TO iotistic_app;
GRANT SELECT ON TABLE public.customers TO iotistic_readonly;
