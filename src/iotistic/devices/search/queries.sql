-- Everything the search by tags asks of its pages.

-- name: look_around
-- How much the pages do not know, counted no further than a limit, and which page is the newest: another one later means that
-- pages were made anew in between.
SELECT
  (SELECT count(*) FROM (SELECT id FROM search_changes ORDER BY id LIMIT %(limit)s::bigint) AS noted) AS changes,
  (SELECT coalesce(max(id), 0) FROM search_pages) AS newest;

-- name: list_pages
-- The pages from behind a name on: a row for each term that somebody of a page has, or one without. A term is a key with some values.
WITH page AS (
  SELECT id, first_name, devices
  FROM search_pages
  WHERE
    (%(after)s::text IS NULL OR last_name > %(after)s::text)
    AND (%(start)s::text IS NULL OR first_name >= %(start)s::text)
  ORDER BY first_name
  LIMIT %(limit)s::bigint
)

SELECT page.id, page.first_name, page.devices, found.term, found.members
FROM page
LEFT JOIN (
  SELECT tag.page_id, stated.term, bit_or(tag.members) AS members
  FROM unnest(%(terms)s::bigint [], %(keys)s::text [], %(values)s::text []) AS stated (term, key, value)
  INNER JOIN search_page_tags AS tag ON tag.key = stated.key AND tag.value = stated.value
  WHERE tag.page_id IN (SELECT near.id FROM page AS near)
  GROUP BY tag.page_id, stated.term
) AS found ON found.page_id = page.id
ORDER BY page.first_name;

-- name: list_meant
-- Devices of a stretch of names by name: those at the places given, unless they changed since, and of the changed ones those that
-- the expression means. The places come in the order of names. Each step is a look into an index that ends with the page: the LIMITs
-- inside and the bare SELECT keep the planner, which knows neither how many places nor how many changes there are, from joining
-- whole tables (70 ms).
SELECT
  device.uuid, device.name, device.kind, device.serial, device.connection_status, device.created_at, device.updated_at,
  device.retired_at, (SELECT fleet.name FROM fleets AS fleet WHERE fleet.id = device.fleet_id) AS fleet
FROM (
  (
    SELECT found.device_uuid, found.name
    FROM (
      SELECT page_id, place, position
      FROM
        unnest(%(pages)s::text::bigint [], %(places)s::text::bigint []) WITH ORDINALITY AS stated (page_id, place, position)
      ORDER BY position
    ) AS candidate
    CROSS JOIN LATERAL (
      SELECT placed.device_uuid
      FROM search_page_devices AS placed
      WHERE placed.page_id = candidate.page_id AND placed.place = candidate.place
      ORDER BY placed.place
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
      AND (
        SELECT change.id
        FROM search_changes AS change
        WHERE change.device_uuid = found.device_uuid
        ORDER BY change.device_uuid
        LIMIT 1
      ) IS NULL
    ORDER BY candidate.position
    LIMIT %(limit)s::bigint
  )
  UNION ALL
  (
    SELECT found.device_uuid, found.name
    FROM (SELECT DISTINCT device_uuid FROM search_changes) AS changed
    CROSS JOIN LATERAL (
      SELECT known.device_uuid, known.name, known.tags
      FROM device_search AS known
      WHERE known.device_uuid = changed.device_uuid
      ORDER BY known.device_uuid
      LIMIT 1
    ) AS found
    WHERE
      found.tags @@ %(predicate)s::jsonpath
      AND (%(after)s::text IS NULL OR found.name > %(after)s::text)
      AND (%(start)s::text IS NULL OR found.name >= %(start)s::text)
      AND (%(until)s::text IS NULL OR found.name < %(until)s::text)
    ORDER BY found.name
    LIMIT %(limit)s::bigint
  )
  ORDER BY name
  LIMIT %(limit)s::bigint
) AS page
INNER JOIN devices AS device ON device.uuid = page.device_uuid
ORDER BY page.name;

-- name: pack
-- Takes what changed into the pages; answers how many devices that were.
SELECT pack_search_pages_v1(%(size)s::bigint);
