-- A reader takes the pages at one moment and the changes at a later one: another packing in between tells it to look again.
CREATE TABLE search_packings (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  CONSTRAINT search_packings_pkey PRIMARY KEY (id)
);

COMMENT ON TABLE search_packings IS 'One row: the last time that pages were made anew.';

-- Makes the pages anew that changes concern, and only those. Safe at any time: what changes meanwhile stays noted.
CREATE FUNCTION pack_search_pages_v1(size bigint DEFAULT 2048) RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  noted bigint[];
  changed uuid[];
  noted_statuses bigint[];
  turned uuid[];
  stale bigint[];
  restated bigint[];
  starts text[];
  ends text[];
  newest bigint;
BEGIN
  LOCK TABLE public.search_pages IN SHARE ROW EXCLUSIVE MODE;
  SELECT coalesce(max(p.id), 0) INTO newest FROM public.search_pages AS p;
  -- The notes first: a later statement may see more than they tell, and never less.
  SELECT array_agg(c.id), array_agg(DISTINCT c.device_uuid) INTO noted, changed FROM public.search_changes AS c;
  SELECT array_agg(c.id), array_agg(DISTINCT c.device_uuid) INTO noted_statuses, turned FROM public.search_status_changes AS c;
  IF noted IS NULL AND noted_statuses IS NULL THEN
    RETURN 0;
  END IF;
  INSERT INTO public.search_packings DEFAULT VALUES;
  DELETE FROM public.search_packings AS p WHERE p.id < (SELECT max(l.id) FROM public.search_packings AS l);
  -- A page answers for the names from its first to the next page's first, and the first page for all before it.
  WITH stretch AS (
    SELECT
      p.id,
      CASE WHEN lag(p.id) OVER by_name IS NULL THEN '' ELSE p.first_name END AS start,
      lead(p.first_name) OVER by_name AS "end"
    FROM public.search_pages AS p
    WINDOW by_name AS (ORDER BY p.first_name)
  )
  SELECT array_agg(s.id), array_agg(s.start), array_agg(s."end") INTO stale, starts, ends
  FROM stretch AS s
  WHERE
    s.id IN (SELECT d.page_id FROM public.search_page_devices AS d WHERE d.device_uuid = ANY (changed))
    OR s.id IN (
      SELECT t.id
      FROM public.device_search AS f
      INNER JOIN stretch AS t ON f.name >= t.start AND (t."end" IS NULL OR f.name < t."end")
      WHERE f.device_uuid = ANY (changed)
    );
  IF noted IS NOT NULL AND NOT EXISTS (SELECT FROM public.search_pages) THEN
    starts := ARRAY[''];
    ends := ARRAY[NULL::text];
  END IF;
  DELETE FROM public.search_pages AS p WHERE p.id = ANY (stale);
  WITH placed AS (
    SELECT
      s.start,
      f.device_uuid,
      f.name,
      row_number() OVER (PARTITION BY s.start ORDER BY f.name) - 1 AS place,
      ceil(count(*) OVER whole / ceil(count(*) OVER whole / size::numeric))::bigint AS portion
    FROM unnest(starts, ends) AS s (start, "end")
    INNER JOIN public.device_search AS f ON f.name >= s.start AND (s."end" IS NULL OR f.name < s."end")
    WINDOW whole AS (PARTITION BY s.start)
  ),

  numbered AS (
    SELECT p.device_uuid, p.name, p.place % p.portion AS place, min(p.name) OVER (PARTITION BY p.start, p.place / p.portion) AS first_name
    FROM placed AS p
  ),

  made AS (
    INSERT INTO public.search_pages (first_name, last_name, devices, names)
    SELECT n.first_name, max(n.name), count(*), string_agg(translate(lower(n.name), E'\n', ' '), E'\n' ORDER BY n.place)
    FROM numbered AS n
    GROUP BY n.first_name
    RETURNING id, first_name
  )

  INSERT INTO public.search_page_devices (page_id, place, device_uuid)
  SELECT m.id, n.place, n.device_uuid FROM numbered AS n INNER JOIN made AS m ON m.first_name = n.first_name;
  INSERT INTO public.search_page_tags (page_id, key, value, members)
  SELECT d.page_id, t.key, t.value, bit_or(set_bit(0::bit(2048), 2047 - d.place::integer, 1))
  FROM public.search_page_devices AS d
  INNER JOIN public.device_search AS f ON f.device_uuid = d.device_uuid
  CROSS JOIN LATERAL (
    SELECT o.key, v.value FROM jsonb_each_text(f.tags) AS o CROSS JOIN LATERAL (VALUES (o.value), ('')) AS v (value)
    UNION ALL
    VALUES ('=kind', f.kind), ('=fleet', f.fleet_id::text)
  ) AS t
  WHERE d.page_id > newest AND t.value IS NOT NULL
  GROUP BY d.page_id, t.key, t.value;
  -- A page of which only statuses changed stays: ten thousand devices of all pages come and go for a fraction of the cost.
  restated := ARRAY(
    SELECT DISTINCT d.page_id FROM public.search_page_devices AS d WHERE d.device_uuid = ANY (turned) OR d.page_id > newest
  );
  DELETE FROM public.search_page_tags AS t WHERE t.key = '=status' AND t.page_id = ANY (restated);
  INSERT INTO public.search_page_tags (page_id, key, value, members)
  SELECT d.page_id, '=status', e.connection_status, bit_or(set_bit(0::bit(2048), 2047 - d.place::integer, 1))
  FROM public.search_page_devices AS d
  INNER JOIN public.devices AS e ON e.uuid = d.device_uuid
  WHERE d.page_id = ANY (restated)
  GROUP BY d.page_id, e.connection_status;
  DELETE FROM public.search_changes AS c WHERE c.id = ANY (noted);
  DELETE FROM public.search_status_changes AS c WHERE c.id = ANY (noted_statuses);
  RETURN coalesce(cardinality(changed), 0) + coalesce(cardinality(turned), 0);
END
$$;

COMMENT ON FUNCTION pack_search_pages_v1(bigint)
IS 'Takes what is noted into the pages, each of at most so many devices; answers how many devices were noted.';
