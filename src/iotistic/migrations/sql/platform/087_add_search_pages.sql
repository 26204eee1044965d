-- Lists by any filter: a negation, or two tags that many devices have and few have both, would look at every device (30 ms of
-- 100,000). Here 2,048 devices are a row of bits for each thing that can be asked of them, and a filter is a few operations on such rows.
CREATE TABLE search_pages (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  first_name text NOT NULL,
  last_name text NOT NULL,
  devices bigint NOT NULL,
  names text NOT NULL,
  CONSTRAINT search_pages_pkey PRIMARY KEY (id),
  CONSTRAINT search_pages_devices_check CHECK (devices BETWEEN 1 AND 2048)
);

-- A search by a part of a name reads them all: to decompress 100,000 names takes longer than to search them.
ALTER TABLE search_pages ALTER COLUMN names SET STORAGE EXTERNAL;

COMMENT ON TABLE search_pages IS 'One row per up to 2,048 devices that followed one another by name when it was made; never changed, but made anew.';
COMMENT ON COLUMN search_pages.devices IS 'How many they are.';
COMMENT ON COLUMN search_pages.names IS 'Their names in order and in lower case, a line each; a line break in a name is a blank here.';

CREATE TABLE search_page_devices (
  page_id bigint NOT NULL,
  place bigint NOT NULL,
  device_uuid uuid NOT NULL,
  CONSTRAINT search_page_devices_pkey PRIMARY KEY (page_id, place),
  CONSTRAINT search_page_devices_page_id_fkey FOREIGN KEY (page_id) REFERENCES search_pages (id) ON DELETE CASCADE
);

CREATE INDEX search_page_devices_device_uuid_idx ON search_page_devices (device_uuid);

COMMENT ON TABLE search_page_devices IS 'One row per place of a page: a device, which may have gone since.';
COMMENT ON COLUMN search_page_devices.place IS 'In the order of names, from 0.';

CREATE TABLE search_page_tags (
  page_id bigint NOT NULL,
  key text NOT NULL,
  value text NOT NULL,
  members bit(2048) NOT NULL,
  CONSTRAINT search_page_tags_pkey PRIMARY KEY (key, value, page_id),
  CONSTRAINT search_page_tags_page_id_fkey FOREIGN KEY (page_id) REFERENCES search_pages (id) ON DELETE CASCADE
);

CREATE INDEX search_page_tags_page_id_idx ON search_page_tags (page_id);

COMMENT ON TABLE search_page_tags IS 'One row per tag of a page, per key, and per kind, fleet and connection status: which of its devices have it.';
COMMENT ON COLUMN search_page_tags.key IS 'That of the tag, or =kind, =fleet, =status, which no tag has.';
COMMENT ON COLUMN search_page_tags.value IS 'Empty, which no tag is: any value. A fleet is its id.';
COMMENT ON COLUMN search_page_tags.members IS 'The last bit is place 0, as in a number.';
