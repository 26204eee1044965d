-- Holds every writer of mqtt.brokers.* to what makes TLS real, the API as well as somebody in psql: a broker that is said to be
-- encrypted and is spoken to in clear is found out by whoever listens first.
CREATE FUNCTION refuse_half_tls_v1() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  wrong text;
BEGIN
  wrong := CASE
    WHEN coalesce(NEW.value ->> 'protocol', 'mqtt') IN ('mqtts', 'wss') <> coalesce((NEW.value -> 'useTls')::boolean, false)
      THEN 'useTls is true with the protocols mqtts and wss, and with no other'
    WHEN (NEW.value ->> 'caCert') !~ '^-{5}BEGIN CERTIFICATE-{5}' THEN 'caCert is a certificate in PEM'
    WHEN (NEW.value ->> 'clientCert') !~ '^-{5}BEGIN CERTIFICATE-{5}' THEN 'clientCert is a certificate in PEM'
    WHEN (NEW.value ->> 'clientKey') !~ '^(env:[A-Za-z_]|file:/|sealed:1:)' THEN 'clientKey is env:NAME, file:/path or sealed, never the key itself'
    WHEN (NEW.value ->> 'clientCert' IS NULL) <> (NEW.value ->> 'clientKey' IS NULL) THEN 'clientCert and clientKey come together'
  END;
  IF wrong IS NOT NULL THEN
    RAISE EXCEPTION '%: %', NEW.key, wrong USING ERRCODE = 'check_violation', CONSTRAINT = 'system_config_mqtt_tls_check';
  END IF;
  RETURN NEW;
END
$$;

COMMENT ON FUNCTION refuse_half_tls_v1() IS 'Fails when what mqtt.brokers.* says about TLS does not fit together.';

CREATE TRIGGER system_config_mqtt_tls BEFORE INSERT OR UPDATE ON system_config
FOR EACH ROW WHEN (new.key LIKE 'mqtt.brokers.%' AND jsonb_typeof(new.value) = 'object') EXECUTE FUNCTION refuse_half_tls_v1();
