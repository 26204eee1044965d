-- Groups devices that are run alike. What a fleet says by default, each of its devices says too, unless it says otherwise itself.
CREATE TABLE fleets (
  id bigint GENERATED ALWAYS AS IDENTITY,
  name text NOT NULL,
  description text,
  default_tags jsonb NOT NULL DEFAULT '{}',
  default_settings jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT fleets_pkey PRIMARY KEY (id),
  CONSTRAINT fleets_name_key UNIQUE (name),
  CONSTRAINT fleets_name_check CHECK (name ~ '^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$'),
  CONSTRAINT fleets_description_check CHECK (char_length(description) BETWEEN 1 AND 1000),
  -- The rules of device_tags, for what its devices get from here.
  CONSTRAINT fleets_default_tags_check CHECK (
    jsonb_typeof(default_tags) = 'object'
    AND NOT jsonb_path_exists(default_tags, '$.keyvalue() ? (!(@.key like_regex "^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$"))')
    AND NOT jsonb_path_exists(default_tags, 'strict $.* ? (!(@ like_regex "^[^ ](.{0,253}[^ ])?$" flag "s"))')
    AND NOT jsonb_path_exists(default_tags, 'strict $.* ? (@.type() != "string")')
  ),
  CONSTRAINT fleets_default_settings_check CHECK (jsonb_typeof(default_settings) = 'object')
);

COMMENT ON TABLE fleets IS 'One row per group of devices that are run alike.';
COMMENT ON COLUMN fleets.name IS 'A lower-case word by which people and paths name it.';
COMMENT ON COLUMN fleets.default_tags IS 'Key to value: tags that each device of the fleet has unless it has one of that key itself.';
COMMENT ON COLUMN fleets.default_settings IS 'Settings that hold for each device of the fleet unless its own say otherwise.';
