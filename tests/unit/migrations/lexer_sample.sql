-- One of each: what a migration may hold.
\restrict Zk3

CREATE TABLE parts (id bigint PRIMARY KEY, label text DEFAULT 'a;b''c', path text DEFAULT E'c:\\x\';'
    '\';');
/* A comment; /* nested; */ it's $$ still one */
CREATE OR REPLACE FUNCTION label_of(part bigint) RETURNS text LANGUAGE sql
BEGIN ATOMIC
    SELECT CASE WHEN part > 0 THEN label ELSE 'none' END FROM parts WHERE id = part;
END;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    EXECUTE $$SELECT 1; -- $ $$;
    RETURN NEW;
END
$body$;
CREATE RULE twice AS ON DELETE TO parts DO ALSO (SELECT 1; SELECT 2);
COPY parts (id, label) FROM stdin;
1	it's; $$ "so"
\.
\unrestrict Zk3
