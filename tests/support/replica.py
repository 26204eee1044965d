"""A runner in a process of its own, as a replica of a service would be: python -m tests.support.replica '<json>'.

Prints one line of JSON: the files it applied. The exit code is 0, or 1 with the error on stderr.
"""

import asyncio
import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from iotistic.config import Endpoint
from iotistic.migrations import History, RunLimits, apply
from iotistic.secret import Secret

__all__ = ["described"]


def described(endpoint: Endpoint, database: str, folder: Path, **limits: float) -> str:
    """The argument for one replica; limits in seconds."""
    password = endpoint.password.reveal() if endpoint.password else None
    host, port = endpoint.hosts[0]
    return json.dumps(
        {"host": host, "port": port, "user": endpoint.user, "password": password, "database": database}
        | {"folder": str(folder), "limits": limits}
    )


async def _main(job: dict[str, Any]) -> None:
    endpoint = Endpoint(
        hosts=((job["host"], job["port"]),),
        user=job["user"],
        password=Secret(job["password"]) if job["password"] else None,
        sslmode="disable",
    )
    limits = {
        name: value if name == "tries" else timedelta(seconds=value) for name, value in job["limits"].items()
    }
    history = History(service="shop", folder=Path(job["folder"]))
    report = await apply(
        endpoint, job["database"], history, application="replica", limits=RunLimits(**limits)
    )
    sys.stdout.write(json.dumps([applied.filename for applied in report.applied]) + "\n")


if __name__ == "__main__":
    asyncio.run(_main(json.loads(sys.argv[1])))
