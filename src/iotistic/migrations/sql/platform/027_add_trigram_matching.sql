-- Finds a part of a name through an index. The extension is trusted: the owner of the database may create it.
CREATE EXTENSION pg_trgm;
