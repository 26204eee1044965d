-- Everything the digital twin asks of the database.

-- name: put_entity
-- Adds a thing or says anew what the model says about it; its device and its relations stay.
INSERT INTO digital_twin_entities (model, global_id, ifc_class, name, properties)
VALUES (
  %(model)s::text, %(global_id)s::text, %(ifc_class)s::text, %(name)s::text, %(properties)s::jsonb
)
ON CONFLICT (model, global_id) DO UPDATE
  SET ifc_class = excluded.ifc_class, name = excluded.name, properties = excluded.properties, updated_at = now();

-- name: find_entity
-- One thing.
SELECT model, global_id, ifc_class, name, properties, device_uuid, updated_at
FROM digital_twin_entities
WHERE model = %(model)s::text AND global_id = %(global_id)s::text;

-- name: find_entity_of_device
-- What a device is in reality.
SELECT model, global_id, ifc_class, name, properties, device_uuid, updated_at
FROM digital_twin_entities
WHERE device_uuid = %(device_uuid)s::uuid;

-- name: list_models
-- The models there are, and how many things each has.
SELECT model, count(*) AS entities, count(device_uuid) AS devices
FROM digital_twin_entities
GROUP BY model
ORDER BY model
LIMIT 1000;

-- name: list_entities
-- Things of a model by GlobalId, from behind one on.
SELECT model, global_id, ifc_class, name, properties, device_uuid, updated_at
FROM digital_twin_entities
WHERE
  model = %(model)s::text
  AND (%(ifc_class)s::text IS NULL OR ifc_class = %(ifc_class)s::text)
  AND (%(after)s::text IS NULL OR global_id > %(after)s::text)
ORDER BY global_id
LIMIT %(limit)s::bigint;

-- name: delete_entity
-- Takes a thing away, and its relations with it.
DELETE FROM digital_twin_entities
WHERE model = %(model)s::text AND global_id = %(global_id)s::text;

-- name: link_device
-- Says which device a thing is, or that it is none.
UPDATE digital_twin_entities
SET device_uuid = %(device_uuid)s::uuid, updated_at = now()
WHERE model = %(model)s::text AND global_id = %(global_id)s::text;

-- name: unlink_device
-- A device is no thing any more.
UPDATE digital_twin_entities
SET device_uuid = NULL, updated_at = now()
WHERE device_uuid = %(device_uuid)s::uuid;

-- name: lock_relations
-- Lets one writer after another: two that each put one thing into the other would make a circle. Readers go on.
LOCK TABLE digital_twin_relationships IN SHARE ROW EXCLUSIVE MODE;

-- name: lies_in
-- Whether a thing lies in another one, however deep.
WITH RECURSIVE places AS (
  SELECT relation.source_id
  FROM digital_twin_relationships AS relation
  INNER JOIN digital_twin_entities AS thing ON thing.id = relation.target_id
  WHERE thing.model = %(model)s::text AND thing.global_id = %(part)s::text AND relation.kind = 'contains'
  UNION
  SELECT relation.source_id
  FROM digital_twin_relationships AS relation
  INNER JOIN places ON places.source_id = relation.target_id
  WHERE relation.kind = 'contains'
)

SELECT EXISTS (
  SELECT
  FROM places
  INNER JOIN digital_twin_entities AS thing ON thing.id = places.source_id
  WHERE thing.model = %(model)s::text AND thing.global_id = %(whole)s::text
) AS found;

-- name: relate
-- Adds a relation between two things of a model; the same again is no news.
INSERT INTO digital_twin_relationships (source_id, kind, target_id)
SELECT source.id AS source_id, %(kind)s::text AS kind, target.id AS target_id
FROM digital_twin_entities AS source
CROSS JOIN digital_twin_entities AS target
WHERE
  source.model = %(model)s::text AND source.global_id = %(source)s::text
  AND target.model = %(model)s::text AND target.global_id = %(target)s::text
ON CONFLICT (source_id, kind, target_id) DO NOTHING;

-- name: unrelate
-- Takes a relation away.
DELETE FROM digital_twin_relationships AS relation
USING digital_twin_entities AS source, digital_twin_entities AS target
WHERE
  source.model = %(model)s::text AND source.global_id = %(source)s::text
  AND target.model = %(model)s::text AND target.global_id = %(target)s::text
  AND relation.source_id = source.id AND relation.kind = %(kind)s::text AND relation.target_id = target.id;

-- name: list_parts
-- Everything that lies in a thing, down to a depth, nearest first. What lies in what is a tree, so nothing comes twice.
WITH RECURSIVE parts AS (
  SELECT thing.id, NULL::bigint AS parent_id, 0::bigint AS depth
  FROM digital_twin_entities AS thing
  WHERE thing.model = %(model)s::text AND thing.global_id = %(global_id)s::text
  UNION ALL
  SELECT relation.target_id, relation.source_id, parts.depth + 1
  FROM parts
  INNER JOIN digital_twin_relationships AS relation ON relation.source_id = parts.id AND relation.kind = 'contains'
  WHERE parts.depth < %(depth)s::bigint
)

SELECT
  thing.global_id, parent.global_id AS parent_global_id, parts.depth, thing.ifc_class, thing.name, thing.device_uuid
FROM parts
INNER JOIN digital_twin_entities AS thing ON thing.id = parts.id
LEFT JOIN digital_twin_entities AS parent ON parent.id = parts.parent_id
ORDER BY parts.depth, thing.global_id
LIMIT %(limit)s::bigint;

-- name: list_places
-- What a thing lies in, and what that lies in, up to the top; nearest first.
WITH RECURSIVE places AS (
  SELECT thing.id, 0::bigint AS depth
  FROM digital_twin_entities AS thing
  WHERE thing.model = %(model)s::text AND thing.global_id = %(global_id)s::text
  UNION ALL
  SELECT relation.source_id, places.depth + 1
  FROM places
  INNER JOIN digital_twin_relationships AS relation ON relation.target_id = places.id AND relation.kind = 'contains'
)

SELECT thing.model, thing.global_id, thing.ifc_class, thing.name, thing.properties, thing.device_uuid, thing.updated_at
FROM places
INNER JOIN digital_twin_entities AS thing ON thing.id = places.id
WHERE places.depth > 0
ORDER BY places.depth
LIMIT 1000;

-- name: list_neighbours
-- The relations of a thing in both directions.
WITH thing AS (
  SELECT id
  FROM digital_twin_entities
  WHERE model = %(model)s::text AND global_id = %(global_id)s::text
)

SELECT found.kind, found.direction, other.global_id, other.ifc_class, other.name
FROM (
  SELECT relation.kind, 'to' AS direction, relation.target_id AS other_id
  FROM digital_twin_relationships AS relation
  WHERE relation.source_id = (SELECT id FROM thing)
  UNION ALL
  SELECT relation.kind, 'from' AS direction, relation.source_id AS other_id
  FROM digital_twin_relationships AS relation
  WHERE relation.target_id = (SELECT id FROM thing)
) AS found
INNER JOIN digital_twin_entities AS other ON other.id = found.other_id
ORDER BY found.kind, found.direction, other.global_id
LIMIT %(limit)s::bigint;
