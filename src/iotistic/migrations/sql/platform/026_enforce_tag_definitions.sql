-- Holds every writer to the definitions, the API as well as somebody in psql. A change of a definition locks device_tags
-- against writers first (`lock_tags` in iotistic.devices), so that no value slips in between its check and its commit.
CREATE FUNCTION refuse_undefined_tag_value_v1() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  wrong record;
BEGIN
  SELECT tag.key, tag.value INTO wrong
  FROM written AS tag
  JOIN public.tag_definitions AS definition ON definition.key = tag.key
  WHERE tag.value <> ALL (definition.allowed_values)
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'The tag % may not have the value %', wrong.key, quote_literal(wrong.value)
      USING ERRCODE = 'check_violation', CONSTRAINT = 'device_tags_value_allowed_check',
      HINT = 'SELECT allowed_values FROM tag_definitions lists those it may have.';
  END IF;
  RETURN NULL;
END
$$;

COMMENT ON FUNCTION refuse_undefined_tag_value_v1() IS 'Fails when a written tag has a value that its definition does not allow.';

CREATE TRIGGER device_tags_inserted_allowed AFTER INSERT ON device_tags
REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION refuse_undefined_tag_value_v1();

CREATE TRIGGER device_tags_updated_allowed AFTER UPDATE ON device_tags
REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION refuse_undefined_tag_value_v1();

CREATE FUNCTION refuse_undefined_default_tag_v1() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
  wrong record;
BEGIN
  SELECT tag.key, tag.value INTO wrong
  FROM jsonb_each_text(NEW.default_tags) AS tag
  JOIN public.tag_definitions AS definition ON definition.key = tag.key
  WHERE tag.value <> ALL (definition.allowed_values)
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'The tag % may not have the value %', wrong.key, quote_literal(wrong.value)
      USING ERRCODE = 'check_violation', CONSTRAINT = 'device_tags_value_allowed_check',
      HINT = 'SELECT allowed_values FROM tag_definitions lists those it may have.';
  END IF;
  RETURN NULL;
END
$$;

COMMENT ON FUNCTION refuse_undefined_default_tag_v1() IS 'Fails when a default tag of a fleet has a value that its definition does not allow.';

CREATE TRIGGER fleets_default_tags_allowed AFTER INSERT OR UPDATE OF default_tags ON fleets
FOR EACH ROW EXECUTE FUNCTION refuse_undefined_default_tag_v1();
