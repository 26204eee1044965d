-- The built-in roles, from looking to everything. They are part of the schema: nobody raises their own rights by editing one.
CREATE TABLE roles (
  name text NOT NULL,
  rank bigint NOT NULL,
  description text NOT NULL,
  CONSTRAINT roles_pkey PRIMARY KEY (name),
  CONSTRAINT roles_rank_key UNIQUE (rank),
  CONSTRAINT roles_name_check CHECK (name ~ '^[a-z]{1,30}$')
);

COMMENT ON TABLE roles IS 'One row per role.';
COMMENT ON COLUMN roles.rank IS 'Higher: allows more. Only for showing the widest role of somebody; what a role allows stands in role_permissions.';

CREATE TABLE role_permissions (
  role text NOT NULL,
  permission text NOT NULL,
  CONSTRAINT role_permissions_pkey PRIMARY KEY (role, permission),
  CONSTRAINT role_permissions_role_fkey FOREIGN KEY (role) REFERENCES roles (name),
  CONSTRAINT role_permissions_permission_fkey FOREIGN KEY (permission) REFERENCES permissions (name)
);

CREATE INDEX role_permissions_permission_idx ON role_permissions (permission);

COMMENT ON TABLE role_permissions IS 'One row per thing that a role allows.';

INSERT INTO roles (name, rank, description) VALUES
('viewer', 1, 'Looks at everything but accounts and the audit.'),
('operator', 2, 'Runs devices: changes them, their jobs, releases and alerts.'),
('manager', 3, 'Also says who else may work with them.'),
('admin', 4, 'Also changes how the platform runs, and sees who changed what.'),
('owner', 5, 'Also makes and unmakes owners.');

INSERT INTO role_permissions (role, permission)
SELECT
  r.name AS role,
  p.name AS permission
FROM roles AS r
CROSS JOIN permissions AS p
WHERE
  CASE
    WHEN p.name = 'owners:write' THEN r.name = 'owner'
    WHEN p.name IN ('audit:read', 'mqtt:write', 'settings:write', 'users:write') THEN r.name IN ('owner', 'admin')
    WHEN p.name IN ('users:read', 'users:grant') THEN r.name IN ('owner', 'admin', 'manager')
    WHEN p.name = 'keys:read' THEN r.name <> 'viewer'
    WHEN p.name LIKE '%:read' THEN true
    ELSE r.name <> 'viewer'
  END;
