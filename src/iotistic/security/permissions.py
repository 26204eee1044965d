"""The names of what may be allowed. The table `permissions` holds the same, and what each role allows: a test compares."""

from typing import Literal

__all__ = ["Permission"]

Permission = Literal[
    "alerts:read",
    "alerts:write",
    "audit:read",
    "dashboards:read",
    "dashboards:write",
    "devices:read",
    "devices:write",
    "enrolment:read",
    "enrolment:write",
    "events:read",
    "fleets:read",
    "fleets:write",
    "jobs:read",
    "jobs:write",
    "keys:read",
    "keys:write",
    "mqtt:read",
    "mqtt:write",
    "owners:write",
    "releases:deploy",
    "releases:read",
    "releases:write",
    "settings:read",
    "settings:write",
    "shadows:read",
    "shadows:write",
    "system:read",
    "tags:read",
    "tags:write",
    "telemetry:read",
    "twin:read",
    "users:grant",
    "users:read",
    "users:write",
    "vpn:read",
]
