-- What an operator has settled about tags: which values a key may have, and which keys every device should have.
CREATE TABLE tag_definitions (
  key text NOT NULL,
  description text,
  allowed_values text [],
  is_required boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT tag_definitions_pkey PRIMARY KEY (key),
  CONSTRAINT tag_definitions_key_check CHECK (key ~ '^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$'),
  CONSTRAINT tag_definitions_description_check CHECK (char_length(description) BETWEEN 1 AND 1000),
  CONSTRAINT tag_definitions_allowed_values_check CHECK (
    cardinality(allowed_values) BETWEEN 1 AND 1000 AND array_position(allowed_values, NULL) IS NULL
  )
);

COMMENT ON TABLE tag_definitions IS 'One row per tag key with rules; a key without a row may have any value.';
COMMENT ON COLUMN tag_definitions.allowed_values IS 'The only values a tag of this key may have; NULL: any.';
COMMENT ON COLUMN tag_definitions.is_required IS 'Whether a device without this tag is reported as incomplete; it is refused nothing.';
