"""`iotistic jobs run`."""

from dataclasses import dataclass
from typing import Annotated

import typer

from iotistic.bootstrap.platform import Work
from iotistic.cli.device_options import opened
from iotistic.cli.jobs.rows import told_rollout, told_tally
from iotistic.cli.jobs.watching import follow
from iotistic.cli.jobs.words import (
    CREATED_BY,
    Attempts,
    Canary,
    Concurrency,
    Threshold,
    WindowText,
    WordsUnclear,
    document_in,
    policy_from,
)
from iotistic.cli.named_device import get_named_device
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import narrate, print_json, run_async
from iotistic.config import Settings
from iotistic.jobs import Job, JobDocument, JobDraft, JobTarget, Origin, RolloutPolicy, parse_document
from iotistic.workflows import start_job

__all__ = ["Continuous", "Device", "ForFleet", "ForWhere", "TargetWords", "run"]

Device = Annotated[
    list[str] | None,
    typer.Option("--device", metavar="DEVICE", help="Name or uuid of a device; may be repeated."),
]
ForFleet = Annotated[str | None, typer.Option("--fleet", metavar="NAME", help="Or the devices of a fleet.")]
ForWhere = Annotated[
    str | None, typer.Option("--where", metavar="EXPRESSION", help="Or those whose tags say so.")
]
Continuous = Annotated[
    bool, typer.Option("--continuous", help="Also for devices that come to be meant later.")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetWords:
    """Whom the options mean, by what people call them."""

    devices: tuple[str, ...]
    fleet: str | None
    where: str | None

    async def target(self, work: Work) -> JobTarget:
        """The same by identity. Raises DeviceUnknown."""
        found = [(await get_named_device(work, name)).uuid for name in self.devices]
        return JobTarget(devices=tuple(found) if found else None, fleet=self.fleet, where=self.where)


def run(
    template: Annotated[
        str | None, typer.Argument(help="The name of a template.", metavar="[TEMPLATE]")
    ] = None,
    *,
    document: Annotated[
        str | None,
        typer.Option("--document", metavar="FILE", help="Steps as JSON instead; - reads stdin."),
    ] = None,
    device: Device = None,
    fleet: ForFleet = None,
    where: ForWhere = None,
    continuous: Continuous = False,
    concurrency: Concurrency = None,
    canary: Canary = None,
    halt_after: Threshold = None,
    attempts: Attempts = 1,
    window: WindowText = None,
    watch: Annotated[bool, typer.Option("--watch", help="Stay and watch until it is over.")] = False,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Start a job for devices, a fleet, or those that an expression means."""
    if (template is None) == (document is None):
        raise WordsUnclear(
            "It is not said what is to be done.", hint="Name a template, or give steps with --document."
        )
    policy = policy_from(
        concurrency=concurrency, canary=canary, threshold=halt_after, attempts=attempts, window=window
    )
    steps = document_in(document) if document is not None else ""
    settings = settings_from(data_dir, url)
    meant = TargetWords(devices=tuple(device or ()), fleet=fleet, where=where)
    job = run_async(_start(settings, template or steps, meant, policy, continuous=continuous))
    if watch:
        follow(settings, job.id, as_json=as_json)
    elif as_json:
        print_json({"id": job.id, "status": job.status, "devices": job.tally.total})
    else:
        narrate(f"Job {job.id} for {job.tally.total} devices: {told_rollout(job.rollout)}.")
        narrate(f"{told_tally(job.tally)}. `iotistic jobs watch {job.id}` shows how it goes.")


async def _start(
    settings: Settings,
    what: str | JobDocument,
    meant: TargetWords,
    policy: RolloutPolicy,
    *,
    continuous: bool,
) -> Job:
    """Of a template by its name, or of steps."""
    async with opened(settings) as platform, platform.begin() as work:
        origin, name = Origin(), "job"
        if isinstance(what, str):
            found = await work.job_templates.get_template(what)
            origin, name = Origin(template_id=found.id, template_version=found.version), what
            what = parse_document(found.document)
        draft = JobDraft(
            name=name,
            document=what,
            target=await meant.target(work),
            rollout=policy,
            created_by=CREATED_BY,
            is_continuous=continuous,
            origin=origin,
        )
        return await start_job(work.devices, work.jobs, draft, now=platform.clock())
