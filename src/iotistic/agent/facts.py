"""What the host is: facts that change seldom."""

import os
import platform
import socket

import psutil

from iotistic import __version__
from iotistic.agent.model import HostFacts

__all__ = ["enrolment_facts", "host_facts"]


def host_facts() -> HostFacts:
    """Everything known about the host; what cannot be known is left out."""
    facts: dict[str, str | int] = {
        **enrolment_facts(),
        "hostname": socket.gethostname(),
        "kernel": platform.release(),
    }
    model = _cpu_model()
    if model:
        facts["cpu_model"] = model
    facts["cpu_count"] = os.cpu_count() or 1
    facts["memory_total"] = psutil.virtual_memory().total
    return facts


def enrolment_facts() -> dict[str, str]:
    """The facts told when enrolling."""
    return {
        "os": _operating_system(),
        "arch": platform.machine(),
        "python": platform.python_version(),
        "agent_version": __version__,
    }


def _operating_system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return f"{platform.system()} {platform.release()}"


def _cpu_model() -> str:
    """From /proc/cpuinfo; ARM boards name the board there instead."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - read by line
            found = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in file)}
    except OSError:
        return platform.processor()
    return found.get("model name") or found.get("Model") or platform.processor()
