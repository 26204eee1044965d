-- Run by the image once, while the volume is empty, in the database it made (POSTGRES_DB).
-- The platform's other two databases; `iotistic serve` fills all three by its migrations.

\getenv billing IOTISTIC_BILLING_DB_NAME
\getenv vpn IOTISTIC_VPN_DB_NAME

SELECT format('CREATE DATABASE %I', wanted.name)
FROM unnest(ARRAY[:'billing', :'vpn']) AS wanted (name)
WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_database WHERE datname = wanted.name)
\gexec

-- The library is preloaded (postgresql.conf); this is the view on what it counts.
CREATE EXTENSION IF NOT EXISTS pg_stat_statements;
