-- Everything the search asks of its pages.

-- name: look_around
-- What a list begins with: how much the pages do not know, counted no further than a limit; when they were last made; a part of a name
-- as the pages have it; and where the device is that the list goes on behind, unless that changed since. From here on plans are kept:
-- these statements have one good plan each, and to make it anew took half their time (2.5 of 5 ms).
SELECT
  current_setting('plan_cache_mode') AS plans,
  set_config('plan_cache_mode', 'force_generic_plan', TRUE) AS plans_now,
  (SELECT count(*) FROM (SELECT id FROM search_changes ORDER BY id LIMIT %(limit)s::bigint) AS noted)
  + (
    SELECT count(*)
    FROM (SELECT id FROM search_status_changes WHERE %(status)s::text IS NOT NULL ORDER BY id LIMIT %(limit)s::bigint) AS noted
  ) AS changes,
  (SELECT max(id) FROM search_packings) AS packing,
  translate(lower(%(part)s::text), e'\n', ' ') AS part,
  previous.page_id,
  previous.place
FROM (SELECT 1) AS always
LEFT JOIN (
  SELECT placed.page_id, placed.place
  FROM device_search AS known
  INNER JOIN search_page_devices AS placed ON placed.device_uuid = known.device_uuid
  WHERE
    known.name = %(after)s::text
    AND NOT EXISTS (SELECT FROM search_changes AS change WHERE change.device_uuid = known.device_uuid)
  ORDER BY placed.page_id
  LIMIT 1
) AS previous ON TRUE;

-- name: find_packing
-- When the pages were last made; plans are made again as they were before.
SELECT max(id) AS packing, set_config('plan_cache_mode', %(plans)s::text, TRUE) AS plans_now
FROM search_packings;

-- name: list_pages
-- The pages from behind a name on: a row for each term that somebody of a page has, or one without. A term is a key with some values;
-- the last is to be one of some devices. Page by page: joined as a whole, 100 values would be looked up in all pages for the first five.
SELECT page.id, page.first_name, page.devices, found.term, found.members
FROM (
  SELECT id, first_name, devices
  FROM search_pages
  WHERE
    (%(after)s::text IS NULL OR last_name > %(after)s::text)
    AND (%(start)s::text IS NULL OR first_name >= %(start)s::text)
  ORDER BY first_name
  LIMIT %(limit)s::bigint
) AS page
LEFT JOIN LATERAL (
  SELECT stated.term, bit_or(tag.members) AS members
  FROM unnest(%(terms)s::bigint [], %(keys)s::text [], %(values)s::text []) AS stated (term, key, value)
  INNER JOIN search_page_tags AS tag ON tag.key = stated.key AND tag.value = stated.value
  WHERE tag.page_id = page.id
  GROUP BY stated.term
  UNION ALL
  SELECT %(inside_term)s::bigint, bit_or(set_bit(0::bit(2048), 2047 - placed.place::integer, 1))
  FROM search_page_devices AS placed
  WHERE placed.device_uuid = ANY(%(inside)s::uuid []) AND placed.page_id = page.id
  HAVING count(*) > 0
) AS found ON TRUE
ORDER BY page.first_name;

-- name: list_names
-- The names of those of some pages in which a text occurs at all.
SELECT id, names
FROM search_pages
WHERE id = ANY(%(pages)s::bigint []) AND position(%(part)s::text IN names) > 0
ORDER BY id
LIMIT 1000000;

-- name: list_meant
-- Devices of a stretch of names by name: those at the places given, unless they changed since, and of the changed ones those that
-- the filter means. The places come in the order of names; when more of them follow, changed devices behind the last one found
-- wait for these. Each step is a look into an index that ends with the page: the LIMITs inside and the bare SELECT keep the planner,
-- which knows neither how many places nor how many changes there are, from joining whole tables (70 ms).
WITH placed AS (
  SELECT found.device_uuid, found.name
  FROM (
    SELECT page_id, place, position
    FROM
      unnest(%(pages)s::text::bigint [], %(places)s::text::bigint []) WITH ORDINALITY AS stated (page_id, place, position)
    ORDER BY position
  ) AS candidate
  CROSS JOIN LATERAL (
    SELECT member.device_uuid
    FROM search_page_devices AS member
    WHERE member.page_id = candidate.page_id AND member.place = candidate.place
    ORDER BY member.place
    LIMIT 1
  ) AS member
  CROSS JOIN LATERAL (
    SELECT known.device_uuid, known.name
    FROM device_search AS known
    WHERE known.device_uuid = member.device_uuid
    ORDER BY known.device_uuid
    LIMIT 1
  ) AS found
  WHERE
    (%(after)s::text IS NULL OR found.name > %(after)s::text)
    AND (%(pattern)s::text IS NULL OR found.name ILIKE %(pattern)s::text)
    AND (
      SELECT change.id
      FROM search_changes AS change
      WHERE change.device_uuid = found.device_uuid
      ORDER BY change.device_uuid
      LIMIT 1
    ) IS NULL
    AND (
      %(status)s::text IS NULL
      OR (
        SELECT change.id
        FROM search_status_changes AS change
        WHERE change.device_uuid = found.device_uuid
        ORDER BY change.device_uuid
        LIMIT 1
      ) IS NULL
    )
  ORDER BY candidate.position
  LIMIT %(limit)s::bigint
),

changed AS (
  SELECT found.device_uuid, found.name
  FROM (
    SELECT device_uuid FROM search_changes
    UNION
    SELECT device_uuid FROM search_status_changes
    WHERE %(status)s::text IS NOT NULL
  ) AS noted
  CROSS JOIN LATERAL (
    SELECT known.device_uuid, known.name, known.kind, known.fleet_id, known.tags
    FROM device_search AS known
    WHERE known.device_uuid = noted.device_uuid
    ORDER BY known.device_uuid
    LIMIT 1
  ) AS found
  WHERE
    (%(predicate)s::jsonpath IS NULL OR found.tags @@ %(predicate)s::jsonpath)
    AND (%(kind)s::text IS NULL OR found.kind = %(kind)s::text)
    AND (%(fleet_id)s::bigint IS NULL OR found.fleet_id = %(fleet_id)s::bigint)
    AND (%(pattern)s::text IS NULL OR found.name ILIKE %(pattern)s::text)
    AND (
      %(bound_fleets)s::bigint [] IS NULL
      OR found.fleet_id = ANY(%(bound_fleets)s::bigint [])
      OR found.device_uuid = ANY(%(bound_devices)s::uuid [])
    )
    AND (
      %(status)s::text IS NULL
      OR (SELECT turned.connection_status FROM devices AS turned WHERE turned.uuid = found.device_uuid) = %(status)s::text
    )
    AND (%(after)s::text IS NULL OR found.name > %(after)s::text)
    AND (%(start)s::text IS NULL OR found.name >= %(start)s::text)
    AND (%(until)s::text IS NULL OR found.name < %(until)s::text)
    AND (NOT %(is_cut)s::boolean OR found.name < (SELECT max(name) FROM placed))
  ORDER BY found.name
  LIMIT %(limit)s::bigint
)

SELECT
  device.uuid, device.name, device.kind, device.serial, device.connection_status, device.created_at, device.updated_at,
  device.retired_at, (SELECT fleet.name FROM fleets AS fleet WHERE fleet.id = device.fleet_id) AS fleet
FROM (
  SELECT device_uuid, name FROM placed
  UNION ALL
  SELECT device_uuid, name FROM changed
  ORDER BY name
  LIMIT %(limit)s::bigint
) AS page
INNER JOIN devices AS device ON device.uuid = page.device_uuid
ORDER BY page.name;

-- name: pack
-- Takes what changed into the pages; answers how many devices that were.
SELECT pack_search_pages_v1(%(size)s::bigint);
