"""The platform as one object: pools, ingest, key cache, news, and a unit of work whose services share one connection."""

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from datetime import timedelta
from typing import Any, final
from uuid import UUID

from iotistic.audit import RefusalBook
from iotistic.bootstrap.direct_sessions import DirectSessions
from iotistic.bootstrap.endpoints import Endpoints
from iotistic.bootstrap.peppers import find_peppers
from iotistic.bootstrap.readiness import Finding, find_readiness
from iotistic.bootstrap.refusals import record_refusals
from iotistic.bootstrap.sealing import sealing_keys
from iotistic.bootstrap.work import Work
from iotistic.clock import Clock, system_clock
from iotistic.config import Settings
from iotistic.configuration import ConfigurationService, SettingCache
from iotistic.database import unit_of_work
from iotistic.database.news import News
from iotistic.database.periodic import Periodic
from iotistic.database.pool import Connection, Pool, connect, open_pool
from iotistic.devices import DeviceService
from iotistic.devices.shadow import CHANNEL as SHADOW_CHANGED
from iotistic.devices.traffic import Traffic, TrafficKeeper, TrafficMeter
from iotistic.events import CHANNEL as EVENTS_APPENDED
from iotistic.jobs import CHANNEL as JOB_NEWS
from iotistic.jobs import RolloutDriver
from iotistic.provenance import Provenance, present_provenance
from iotistic.sealing import SealingKeys
from iotistic.secret import Secret
from iotistic.security import KeyCache, KeyCheck, PasswordHasher, Peppers, Principal, Refusal, SecurityService
from iotistic.security.enrolment import EnrolmentService
from iotistic.security.keyring import KeyringService, KeyUses
from iotistic.security.logins import LoginService
from iotistic.security.second_factor import SecondFactorService
from iotistic.security.sessions import SessionService, SessionTokens
from iotistic.security.signing import SigningService
from iotistic.telemetry import GatewayIngest, Ingest
from iotistic.telemetry.logs import CHANNEL as LINES_ARRIVED
from iotistic.telemetry.quarantine import Replay

__all__ = ["Finding", "Platform", "Work", "open_platform"]


_MINUTE = timedelta(minutes=1)


class _Shared:
    """A unit of work that is shared, until it is over; a task that outlives it begins its own."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.is_over = False


_shared: ContextVar[_Shared | None] = ContextVar("iotistic_shared_work", default=None)


@final
class Platform:
    """Everything a service needs, opened by `open_platform` and closed by `close`."""

    def __init__(
        self,
        *,
        settings: Settings,
        endpoints: Endpoints,
        pool: Pool,
        peppers: Peppers,
        hasher: PasswordHasher,
        key_cache: KeyCache,
        key_check: KeyCheck,
        setting_cache: SettingCache,
        news: News,
        ingest: Ingest,
        clock: Clock,
        application_name: str,
    ) -> None:
        self.settings = settings
        self.endpoints = endpoints
        self.pool = pool
        self.key_cache = key_cache
        self.setting_cache = setting_cache
        self.news = news
        self.ingest = ingest
        self.gateway_ingest = GatewayIngest(ingest)
        self.clock = clock
        self.rollouts = RolloutDriver(self.advance_job)
        self.traffic = TrafficMeter(clock=clock)
        self.traffic_keeper = TrafficKeeper(self.traffic, self._keep_traffic)
        self.key_uses = KeyUses(self._keep_key_uses)
        self.refusals = RefusalBook(clock=clock)
        self._refusals_kept = Periodic("refusals", self.keep_refusals, every=_MINUTE)
        self._peppers = peppers
        self._tokens = SessionTokens(peppers)
        self._hasher = hasher
        self._key_check = key_check
        self._itself = Provenance(actor_kind="system", actor=application_name)

    @property
    def sealing(self) -> SealingKeys:
        """Read anew each time: a key that is added to the data folder seals from then on, without a restart."""
        return sealing_keys(self.settings)

    @asynccontextmanager
    async def sharing(self) -> AsyncGenerator[Work]:
        """A unit of work that everything begun inside shares, by this task and what it awaits: it is one transaction then."""
        async with self.begin() as work:
            shared = _Shared(work)
            token = _shared.set(shared)
            try:
                yield work
            finally:
                shared.is_over = True
                _shared.reset(token)

    @asynccontextmanager
    async def begin(self, *, read_only: bool = False, one_moment: bool = False) -> AsyncGenerator[Work]:
        """A unit of work on the platform database, for whoever acts here and now: by default the program itself.

        `one_moment`: what it reads is all of the same moment, unless it is shared.
        """
        shared = _shared.get()
        if shared is not None and not shared.is_over:
            yield shared.work
            return
        provenance = present_provenance() or self._itself
        async with unit_of_work.begin(
            self.pool, read_only=read_only, one_moment=one_moment, provenance=provenance
        ) as unit:
            yield Work(unit, self)

    def security(self, connection: Connection) -> SecurityService:
        return SecurityService(connection, peppers=self._peppers, hasher=self._hasher)

    def enrolment(self, connection: Connection) -> EnrolmentService:
        return EnrolmentService(connection, peppers=self._peppers)

    def keyring(self, connection: Connection) -> KeyringService:
        return KeyringService(connection, peppers=self._peppers)

    def sessions(self, connection: Connection) -> SessionService:
        return SessionService(
            connection,
            tokens=self._tokens,
            signing=self.signing(connection),
            strict_roles=self.settings.second_factor_roles,
        )

    def signing(self, connection: Connection) -> SigningService:
        return SigningService(connection, sealing=self.sealing)

    def second_factors(self, connection: Connection) -> SecondFactorService:
        return SecondFactorService(connection, sealing=self.sealing, peppers=self._peppers)

    def logins(self, connection: Connection) -> LoginService:
        return LoginService(
            connection,
            hasher=self._hasher,
            peppers=self._peppers,
            second_factors=self.second_factors(connection),
        )

    async def authenticate(self, key: Secret, address: str | None) -> Principal | Refusal:
        """Who the bearer of a key is that comes from this address, from memory where that is safe."""
        verdict = await self.key_cache.authenticate(key, self._look_up)
        if isinstance(verdict, Refusal):
            return verdict
        return self._admitted(verdict, address) or Refusal(reason="wrong_network")

    def find_known(self, digest: bytes, address: str | None) -> Principal | None:
        """The same for the `digest_of` a key, without asking the database: None where that would be needed, and for a key that is being replaced."""
        principal = self.key_cache.find_digest(digest)
        if principal is None or principal.retires_at is not None:
            return None
        return self._admitted(principal, address)

    async def advance_job(self, job_id: int) -> None:
        """Lets the rollout of a job go on, in a transaction of its own."""
        async with self.begin() as work:
            await work.jobs.advance(job_id, now=self.clock())

    async def keep_refusals(self) -> None:
        """Writes down who was not let in since the last time."""
        await record_refusals(self.refusals, self.begin)

    async def owner_connection(self, purpose: str) -> Connection:
        """A direct autocommit connection as the schema's owner, for partition and other maintenance work."""
        return await connect(
            self.endpoints.of("owner"),
            self.settings.names.platform,
            application_name=f"iotistic-{purpose}",
            autocommit=True,
        )

    async def is_superuser(self) -> bool:
        """Whether this process could do anything to the server. The server tells by itself, at the start of a session."""
        async with self.pool.connection() as connection:
            return connection.info.parameter_status("is_superuser") == "on"

    def replay(self) -> Replay:
        """A replay of what was set aside; whoever made it closes it."""

        async def direct() -> Connection:
            return await connect(
                self.endpoints.of("app"),
                self.settings.names.platform,
                application_name="iotistic-replay",
                autocommit=True,
            )

        return Replay(direct, clock=self.clock)

    async def readiness(self) -> list[Finding]:
        """Whether this process may get traffic: the pool answers, the schema is at head, partitions reach past tomorrow, the disk has room."""
        return await find_readiness(self.pool, self.endpoints, self.settings, now=self.clock())

    async def start(self) -> None:
        """Begins to listen for changes, to take in telemetry and to keep what devices cost: for a process that serves."""
        await self.key_cache.start()
        await self.setting_cache.start()
        await self.news.start()
        await self.ingest.start()
        await self.traffic_keeper.start()
        await self.key_uses.start()
        await self._refusals_kept.start()

    async def close(self) -> None:
        """Flushes what ingest accepted, then closes every connection."""
        await self.ingest.stop()
        await self.traffic_keeper.stop()
        await self.key_uses.stop()
        await self._refusals_kept.stop()
        await self.rollouts.stop()
        await self.news.stop()
        await self.setting_cache.stop()
        await self.key_cache.stop()
        await self._key_check.close()
        await self.pool.close()
        self._hasher.close()

    def _admitted(self, principal: Principal, address: str | None) -> Principal | None:
        if not principal.is_welcome_from(address):
            return None
        self.key_uses.note(principal.key_id, address)
        return principal

    async def _look_up(self, key: Secret) -> Principal | Refusal:
        if key.reveal().startswith("eyJ"):  # {" in base64: a JWT, and no key
            async with self.pool.statement() as connection:
                return await self.sessions(connection).authenticate(key)
        verdict = await self._key_check.authenticate(key)
        if isinstance(verdict, Refusal) or not verdict.wants_note:
            return verdict
        async with self.begin() as work:
            return await work.security.note_use(key)

    async def _keep_key_uses(self, uses: Sequence[tuple[str, str | None]]) -> None:
        async with self.begin() as work:
            await work.keyring.note_uses(uses)

    async def _keep_traffic(self, traffic: Sequence[Traffic]) -> None:
        async with self.begin() as work:
            await work.traffic.add(traffic)


async def open_platform(
    settings: Settings,
    *,
    application_name: str = "iotistic-api",
    with_ingest: bool = True,
    clock: Clock = system_clock,
) -> Platform:
    """Opens the pool of the platform database and, `with_ingest`, the caches of keys and settings, the news and the ingest; changes nothing in it.

    Raises Unavailable when the server cannot be reached.
    """
    endpoints = Endpoints(settings)
    database = settings.names.platform
    peppers = find_peppers(settings, endpoints.folder)
    pool = await open_pool(
        lambda: endpoints.of("app"),
        database,
        settings=settings.pool,
        limits=settings.limits,
        application_name=application_name,
    )

    sessions = DirectSessions(settings=settings, endpoints=endpoints, application_name=application_name)
    key_cache = KeyCache(lambda: sessions.open("keys", "app"))

    async def load_settings() -> Mapping[str, Any]:
        async with unit_of_work.begin(pool, read_only=True) as unit:
            settings = await ConfigurationService(unit.connection).list_settings()
        return {setting.key: setting.value for setting in settings}

    setting_cache = SettingCache(lambda: sessions.open("settings", "app"), load_settings)
    news = News(
        lambda: sessions.open("news", "app"), (EVENTS_APPENDED, JOB_NEWS, LINES_ARRIVED, SHADOW_CHANGED)
    )

    async def touch(connection: Connection, uuids: Collection[UUID]) -> None:
        await DeviceService(connection).touch_contacts(uuids)

    ingest = Ingest(lambda: sessions.open("ingest", "ingest"), clock=clock, contacts=touch)
    platform = Platform(
        settings=settings,
        endpoints=endpoints,
        pool=pool,
        peppers=peppers,
        hasher=PasswordHasher(cost=settings.password_cost, apart=with_ingest),
        key_cache=key_cache,
        key_check=KeyCheck(sessions.for_key_check, peppers=peppers, patience=settings.pool.timeout),
        setting_cache=setting_cache,
        news=news,
        ingest=ingest,
        clock=clock,
        application_name=application_name,
    )
    if with_ingest:
        await platform.start()
    return platform
