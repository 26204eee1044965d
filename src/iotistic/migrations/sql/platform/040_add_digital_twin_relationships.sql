-- How things of a model hang together: what lies in what, and what works with what.
CREATE TABLE digital_twin_relationships (
  source_id bigint NOT NULL,
  kind text NOT NULL,
  target_id bigint NOT NULL,
  CONSTRAINT digital_twin_relationships_pkey PRIMARY KEY (source_id, kind, target_id),
  CONSTRAINT digital_twin_relationships_source_id_fkey FOREIGN KEY (source_id) REFERENCES digital_twin_entities (id) ON DELETE CASCADE,
  CONSTRAINT digital_twin_relationships_target_id_fkey FOREIGN KEY (target_id) REFERENCES digital_twin_entities (id) ON DELETE CASCADE,
  CONSTRAINT digital_twin_relationships_kind_check CHECK (kind IN ('contains', 'connects', 'serves', 'controls')),
  CONSTRAINT digital_twin_relationships_target_id_check CHECK (target_id <> source_id)
);

CREATE INDEX digital_twin_relationships_target_id_kind_idx ON digital_twin_relationships (target_id, kind);
-- A thing lies in one other at most, so that what lies in what is a tree.
CREATE UNIQUE INDEX digital_twin_relationships_target_id_key ON digital_twin_relationships (target_id) WHERE kind = 'contains';

COMMENT ON TABLE digital_twin_relationships IS 'One row per relation from one thing of a model to another.';
COMMENT ON COLUMN digital_twin_relationships.kind IS 'contains: the target lies in the source; connects: by pipe or cable; serves: a room has its air from it; controls: it steers it.';
