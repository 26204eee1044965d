-- What there is to be allowed: a word for the resource and one for what is done to it. Routes name these; a test compares.
CREATE TABLE permissions (
  name text NOT NULL,
  description text NOT NULL,
  CONSTRAINT permissions_pkey PRIMARY KEY (name),
  CONSTRAINT permissions_name_check CHECK (name ~ '^[a-z]{1,30}:[a-z]{1,30}$'),
  CONSTRAINT permissions_description_check CHECK (char_length(description) BETWEEN 1 AND 200)
);

COMMENT ON TABLE permissions IS 'One row per thing that a role may allow.';
COMMENT ON COLUMN permissions.name IS 'resource:action.';

INSERT INTO permissions (name, description) VALUES
('alerts:read', 'See the rules of log alerts and what they found.'),
('alerts:write', 'Make and change rules, acknowledge and resolve alerts.'),
('audit:read', 'See who changed what.'),
('dashboards:read', 'See one''s own and shared dashboards.'),
('dashboards:write', 'Make and change dashboards that everybody shares.'),
('devices:read', 'See devices and what belongs to them.'),
('devices:write', 'Register, change, move, retire and restore devices.'),
('enrolment:read', 'See claim keys and who tried to enrol.'),
('enrolment:write', 'Make and revoke claim keys, permit enrolling again.'),
('events:read', 'See what happened.'),
('fleets:read', 'See fleets.'),
('fleets:write', 'Make, change and delete fleets.'),
('jobs:read', 'See jobs, their templates and schedules, and how they go.'),
('jobs:write', 'Start, pause and end jobs, and change templates and schedules.'),
('keys:read', 'See which keys there are, and when they were last used.'),
('keys:write', 'Make, replace and revoke keys of devices and services.'),
('mqtt:read', 'See MQTT accounts, rules and brokers.'),
('mqtt:write', 'Make, change and take away MQTT accounts and rules.'),
('owners:write', 'Make and unmake owners.'),
('releases:deploy', 'Say which release devices run.'),
('releases:read', 'See applications and releases.'),
('releases:write', 'Add applications and releases.'),
('settings:read', 'See how the platform is set to run.'),
('settings:write', 'Change how the platform runs.'),
('shadows:read', 'See what is desired of a device and what it reports.'),
('shadows:write', 'Change what is desired of a device.'),
('system:read', 'See how the service does.'),
('tags:read', 'See the rules of tags.'),
('tags:write', 'Change the rules of tags.'),
('telemetry:read', 'See metrics and log lines.'),
('twin:read', 'See the digital twin.'),
('users:grant', 'Give and take roles, as far as one''s own go.'),
('users:read', 'See accounts and who has which role.'),
('users:write', 'Switch accounts off and on, and take a lost second factor away.'),
('vpn:read', 'See certificates of the VPN.');
