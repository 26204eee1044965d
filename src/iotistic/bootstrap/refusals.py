"""Writing down who was not let in."""

import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager

from iotistic.audit import RefusalBook, Refused
from iotistic.bootstrap.work import Work
from iotistic.errors import IotisticError
from iotistic.provenance import Provenance

__all__ = ["record_refusals"]

_log = logging.getLogger("iotistic.bootstrap.refusals")


async def record_refusals(book: RefusalBook, begin: Callable[[], AbstractAsyncContextManager[Work]]) -> None:
    """An entry of the audit for each address, all in one transaction. What cannot be written is told in the log, and over."""
    refused = book.take()
    if not refused:
        return
    try:
        async with begin() as work:
            accounts = await _accounts(work, refused)
            for one in refused:
                await _record(work, one, accounts)
    except IotisticError as error:
        _log.warning("refusals not audited", extra={"reason": str(error), "addresses": len(refused)})


async def _record(work: Work, refused: Refused, accounts: frozenset[str]) -> None:
    await work.act_as(Provenance(actor_kind="system", actor="stranger", address=refused.address or None))
    # A name that is no account's may be a password that was typed into the wrong field.
    names = refused.names & accounts if refused.kind == "logins" else refused.names
    await work.audit.record(
        "refused",
        refused.kind,
        refused.address or "unknown",
        after={
            "count": refused.reasons.total(),
            "since": refused.since.isoformat(),
            "reasons": dict(refused.reasons),
            "names": sorted(names),
        },
    )


async def _accounts(work: Work, refused: Sequence[Refused]) -> frozenset[str]:
    tried = {name for one in refused if one.kind == "logins" for name in one.names}
    return frozenset(await work.security.list_account_ids(tried)) if tried else frozenset()
