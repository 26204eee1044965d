"""Bringing agents to a version: jobs of one step, and which they are."""

from iotistic.jobs.agent_updates.model import AgentUpdate, DeviceUpdate, UpdateInvalid, update_document
from iotistic.jobs.agent_updates.service import AgentUpdateService

__all__ = ["AgentUpdate", "AgentUpdateService", "DeviceUpdate", "UpdateInvalid", "update_document"]
