-- How people lay out what they look at: each for themselves, or for everybody.
CREATE TABLE dashboard_layouts (
  id bigint GENERATED ALWAYS AS IDENTITY,
  user_id bigint,
  device_uuid uuid,
  name text NOT NULL,
  document jsonb NOT NULL,
  is_default boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT dashboard_layouts_pkey PRIMARY KEY (id),
  CONSTRAINT dashboard_layouts_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
  CONSTRAINT dashboard_layouts_device_uuid_fkey FOREIGN KEY (device_uuid) REFERENCES devices (uuid) ON DELETE CASCADE,
  CONSTRAINT dashboard_layouts_user_id_device_uuid_name_key UNIQUE NULLS NOT DISTINCT (user_id, device_uuid, name),
  CONSTRAINT dashboard_layouts_name_check CHECK (char_length(name) BETWEEN 1 AND 200),
  CONSTRAINT dashboard_layouts_document_check CHECK (
    jsonb_typeof(document) = 'object' AND octet_length(document::text) <= 65536
  )
);

-- One default for each owner and subject, whoever writes.
-- The table was made above and is empty.
-- squawk-ignore require-concurrent-index-creation
CREATE UNIQUE INDEX dashboard_layouts_user_id_device_uuid_key ON dashboard_layouts (user_id, device_uuid) NULLS NOT DISTINCT
WHERE is_default;
-- The same.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX dashboard_layouts_device_uuid_idx ON dashboard_layouts (device_uuid) WHERE device_uuid IS NOT NULL;

COMMENT ON TABLE dashboard_layouts IS 'One row per dashboard that somebody laid out.';
COMMENT ON COLUMN dashboard_layouts.user_id IS 'Whose it is; NULL: it is shared by everybody.';
COMMENT ON COLUMN dashboard_layouts.device_uuid IS 'The device it shows; NULL: it is about no single device.';
COMMENT ON COLUMN dashboard_layouts.document IS 'An object of the program that draws it, at most 64 KiB.';
COMMENT ON COLUMN dashboard_layouts.is_default IS 'Whether it is shown when nobody says which; of a person it goes before the shared one.';

SELECT audit_table_v1('dashboard_layouts', keys => '{id}', shown => '{user_id,name,is_default}', device => 'device_uuid');
