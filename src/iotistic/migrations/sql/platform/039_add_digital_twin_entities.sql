-- What buildings and plants consist of, as models of them (IFC) say.
CREATE TABLE digital_twin_entities (
  id bigint GENERATED ALWAYS AS IDENTITY,
  model text NOT NULL,
  -- "C": upper and lower case differ in a GlobalId; folded, 91 of 3,503 ids of one model fall together.
  global_id text COLLATE "C" NOT NULL,
  ifc_class text NOT NULL,
  name text,
  properties jsonb NOT NULL DEFAULT '{}',
  device_uuid uuid,
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT digital_twin_entities_pkey PRIMARY KEY (id),
  CONSTRAINT digital_twin_entities_model_global_id_key UNIQUE (model, global_id),
  CONSTRAINT digital_twin_entities_device_uuid_fkey FOREIGN KEY (device_uuid) REFERENCES devices (uuid) ON DELETE SET NULL,
  CONSTRAINT digital_twin_entities_model_check CHECK (model ~ '^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$'),
  -- 22 characters by the standard; exporters write shorter ones too.
  CONSTRAINT digital_twin_entities_global_id_check CHECK (global_id ~ '^[0-9A-Za-z_$]{1,22}$'),
  CONSTRAINT digital_twin_entities_ifc_class_check CHECK (ifc_class ~ '^Ifc[A-Za-z0-9]{1,60}$'),
  CONSTRAINT digital_twin_entities_name_check CHECK (char_length(name) BETWEEN 1 AND 500),
  CONSTRAINT digital_twin_entities_properties_check CHECK (jsonb_typeof(properties) = 'object')
);

CREATE UNIQUE INDEX digital_twin_entities_device_uuid_key ON digital_twin_entities (device_uuid);
CREATE INDEX digital_twin_entities_model_ifc_class_global_id_idx ON digital_twin_entities (model, ifc_class, global_id);

COMMENT ON TABLE digital_twin_entities IS 'One row per thing in a model: a building, a storey, a room, a pump.';
COMMENT ON COLUMN digital_twin_entities.model IS 'The model it stands in, a lower-case word.';
COMMENT ON COLUMN digital_twin_entities.global_id IS 'Its GlobalId, which stays the same when the model is exported again.';
COMMENT ON COLUMN digital_twin_entities.ifc_class IS 'What it is: IfcBuilding, IfcSpace, IfcPump, ...';
COMMENT ON COLUMN digital_twin_entities.properties IS 'An object: what the model says about it, by property set.';
COMMENT ON COLUMN digital_twin_entities.device_uuid IS 'The device that it is in reality; NULL: none. A device is at most one thing.';

SELECT audit_table_v1('digital_twin_entities', keys => '{model,global_id}', shown => '{device_uuid}', device => 'device_uuid');
