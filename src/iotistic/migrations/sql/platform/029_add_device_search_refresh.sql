-- Makes the rows of device_search for some devices anew. Who calls it holds these devices: two transactions that each change a tag
-- of the same device follow one another, and the second computes with what the first committed.
CREATE FUNCTION refresh_device_search_v1(uuids uuid []) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
  INSERT INTO public.device_search (device_uuid, name, kind, fleet_id, tags)
  SELECT device.uuid, device.name, device.kind, device.fleet_id, coalesce(fleet.default_tags, '{}') || coalesce(own.tags, '{}')
  FROM public.devices AS device
  LEFT JOIN public.fleets AS fleet ON fleet.id = device.fleet_id
  LEFT JOIN (
    SELECT tag.device_uuid, jsonb_object_agg(tag.key, tag.value) AS tags
    FROM public.device_tags AS tag
    WHERE tag.device_uuid = ANY (uuids)
    GROUP BY tag.device_uuid
  ) AS own ON own.device_uuid = device.uuid
  LEFT JOIN public.device_search AS said ON said.device_uuid = device.uuid
  WHERE
    device.uuid = ANY (uuids)
    AND device.retired_at IS NULL
    -- Left out here and not by the ON CONFLICT, which would lock, and so write, each row that is right already.
    AND (said.name, said.kind, said.fleet_id, said.tags)
      IS DISTINCT FROM (device.name, device.kind, device.fleet_id, coalesce(fleet.default_tags, '{}') || coalesce(own.tags, '{}'))
  ON CONFLICT (device_uuid) DO UPDATE
    SET name = excluded.name, kind = excluded.kind, fleet_id = excluded.fleet_id, tags = excluded.tags;
  DELETE FROM public.device_search AS gone
  USING public.devices AS device
  WHERE gone.device_uuid = ANY (uuids) AND device.uuid = gone.device_uuid AND device.retired_at IS NOT NULL;
END
$$;

COMMENT ON FUNCTION refresh_device_search_v1(uuid []) IS 'Brings device_search in step with what these devices, their tags and their fleets say.';
