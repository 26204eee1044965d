"""A device: reports the host it runs on, over HTTP and with a key of its own like any other client."""

from iotistic.agent.events import Events
from iotistic.agent.runtime import Agent, open_agent
from iotistic.agent.settings import AgentSettings, claim_key_from, parse_server
from iotistic.agent.status import AgentStatus, find_status

__all__ = [
    "Agent",
    "AgentSettings",
    "AgentStatus",
    "Events",
    "claim_key_from",
    "find_status",
    "open_agent",
    "parse_server",
]
