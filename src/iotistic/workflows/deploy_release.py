"""Making devices run a release: it is written into what is desired of each of them, all or none."""

from dataclasses import dataclass

from iotistic.devices import DeviceService
from iotistic.devices.shadow import Actor, ShadowService
from iotistic.jobs import JobTarget, JobTooLarge, JobWithoutTargets, TargetInvalid, require_target
from iotistic.releases import ReleaseService
from iotistic.workflows.start_job import devices_meant

__all__ = ["MOST_DEPLOYED", "Deployment", "deploy_release"]

MOST_DEPLOYED = 1000
"""Devices of one deployment: it is one transaction, a few milliseconds for each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """What a deployment did."""

    application: str
    release: int
    devices: int
    """Those that were meant."""
    changed: int
    """Those of which something else was desired before."""


async def deploy_release(
    devices: DeviceService,
    shadow: ShadowService,
    releases: ReleaseService,
    *,
    application: str,
    release: int,
    target: JobTarget,
    actor: Actor,
) -> Deployment:
    """Desires `apps.<application>` to be this release, of the devices in service that are meant; a rollback deploys an earlier one.

    Raises ReleaseNotFound, ApplicationNotFound, TargetInvalid, JobWithoutTargets, JobTooLarge, or what the shadow refuses.
    """
    found = await releases.get_release(application, release)
    meant = await devices_meant(devices, require_target(target))
    missing = set(target.devices or ()) - set(meant)
    if missing:
        raise TargetInvalid(f"The device {min(missing)} is not in service.", field="body.target.devices")
    if not meant:
        raise JobWithoutTargets("No device in service is meant.")
    if len(meant) > MOST_DEPLOYED:
        raise JobTooLarge(
            f"{len(meant)} devices are meant; a deployment is for {MOST_DEPLOYED}.",
            hint="Deploy part by part, by tags or fleets.",
            limit=MOST_DEPLOYED,
        )
    # The services are a list, which a merge patch replaces whole: none of an older release stays behind.
    patch = {"apps": {application: {"release": found.number, "services": found.services}}}
    changed = 0
    for uuid in sorted(meant):
        before = (await shadow.get_versions(uuid)).desired
        changed += (await shadow.patch(uuid, "desired", patch, actor=actor)).version != before
    return Deployment(application=application, release=found.number, devices=len(meant), changed=changed)
