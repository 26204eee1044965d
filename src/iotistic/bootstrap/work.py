"""A unit of work with the services of every domain on its one connection, each made when it is first asked for."""

from functools import cached_property
from typing import Protocol, final

from iotistic.audit import AuditService
from iotistic.clock import Clock
from iotistic.configuration import ConfigurationService
from iotistic.dashboards import DashboardService
from iotistic.database.pool import Connection
from iotistic.database.unit_of_work import AfterCommit, UnitOfWork
from iotistic.devices import DeviceService
from iotistic.devices.bulk import BulkService
from iotistic.devices.connectivity import ConnectivityService
from iotistic.devices.fleets import FleetService
from iotistic.devices.gateways import GatewayService
from iotistic.devices.network import NetworkService
from iotistic.devices.sensors import SensorService
from iotistic.devices.shadow import ShadowService
from iotistic.devices.tagging import TaggingService
from iotistic.devices.traffic import TrafficService
from iotistic.events import EventService
from iotistic.idempotency import IdempotencyService
from iotistic.jobs import JobDesk, JobService
from iotistic.jobs.agent_updates import AgentUpdateService
from iotistic.jobs.schedules import ScheduleService
from iotistic.jobs.templates import TemplateService
from iotistic.mqtt import MqttService
from iotistic.provenance import Provenance
from iotistic.releases import ReleaseService
from iotistic.security import KeyHistory, SecurityService
from iotistic.security.bindings import BindingService
from iotistic.security.enrolment import AttemptService, EnrolmentService
from iotistic.security.keyring import KeyringService, RotationService
from iotistic.security.logins import LoginService
from iotistic.security.second_factor import SecondFactorService
from iotistic.security.sessions import SessionService
from iotistic.security.signing import SigningService
from iotistic.telemetry import ClockService, TelemetryService
from iotistic.telemetry.alerts import AlertEvaluator, AlertService, RuleService
from iotistic.telemetry.quarantine import QuarantineService
from iotistic.telemetry.rollups import RollupService
from iotistic.twin import TwinService
from iotistic.vpn import VpnService
from iotistic.workflows import Keepers, Registrar

__all__ = ["ServesWork", "Work"]


class ServesWork(Protocol):
    """What a unit of work needs of the platform: services that hold secrets, and the clock."""

    clock: Clock

    def security(self, connection: Connection) -> SecurityService:
        """Accounts and keys."""
        ...

    def enrolment(self, connection: Connection) -> EnrolmentService:
        """Letting devices in."""
        ...

    def keyring(self, connection: Connection) -> KeyringService:
        """Which keys there are."""
        ...

    def sessions(self, connection: Connection) -> SessionService:
        """Who is logged in."""
        ...

    def signing(self, connection: Connection) -> SigningService:
        """What access tokens are signed with."""
        ...

    def second_factors(self, connection: Connection) -> SecondFactorService:
        """What people prove themselves with besides a password."""
        ...

    def logins(self, connection: Connection) -> LoginService:
        """Who somebody is."""
        ...


@final
class Work:
    """One transaction, and the services that work in it."""

    def __init__(self, unit: UnitOfWork, platform: ServesWork) -> None:
        self._unit = unit
        self._platform = platform

    @property
    def connection(self) -> Connection:
        return self._unit.connection

    def after_commit(self, act: AfterCommit) -> None:
        """See `UnitOfWork.after_commit`."""
        self._unit.after_commit(act)

    async def act_as(self, provenance: Provenance) -> None:
        """See `UnitOfWork.act_as`."""
        await self._unit.act_as(provenance)

    @cached_property
    def audit(self) -> AuditService:
        return AuditService(self.connection)

    @cached_property
    def idempotency(self) -> IdempotencyService:
        return IdempotencyService(self.connection)

    @cached_property
    def events(self) -> EventService:
        return EventService(self.connection)

    @cached_property
    def devices(self) -> DeviceService:
        return DeviceService(self.connection)

    @cached_property
    def connectivity(self) -> ConnectivityService:
        return ConnectivityService(self.connection)

    @cached_property
    def network(self) -> NetworkService:
        return NetworkService(self.connection)

    @cached_property
    def sensors(self) -> SensorService:
        return SensorService(self.connection)

    @cached_property
    def shadow(self) -> ShadowService:
        return ShadowService(self.connection)

    @cached_property
    def bulk(self) -> BulkService:
        return BulkService(self.connection)

    @cached_property
    def fleets(self) -> FleetService:
        return FleetService(self.connection)

    @cached_property
    def gateways(self) -> GatewayService:
        return GatewayService(self.connection)

    @cached_property
    def tagging(self) -> TaggingService:
        return TaggingService(self.connection)

    @cached_property
    def traffic(self) -> TrafficService:
        return TrafficService(self.connection)

    @cached_property
    def jobs(self) -> JobService:
        return JobService(self.connection)

    @cached_property
    def job_desk(self) -> JobDesk:
        return JobDesk(self.connection)

    @cached_property
    def agent_updates(self) -> AgentUpdateService:
        return AgentUpdateService(self.connection)

    @cached_property
    def releases(self) -> ReleaseService:
        return ReleaseService(self.connection)

    @cached_property
    def job_templates(self) -> TemplateService:
        return TemplateService(self.connection)

    @cached_property
    def job_schedules(self) -> ScheduleService:
        return ScheduleService(self.connection)

    @cached_property
    def security(self) -> SecurityService:
        return self._platform.security(self.connection)

    @cached_property
    def key_history(self) -> KeyHistory:
        return KeyHistory(self.connection)

    @cached_property
    def keyring(self) -> KeyringService:
        return self._platform.keyring(self.connection)

    @cached_property
    def sessions(self) -> SessionService:
        return self._platform.sessions(self.connection)

    @cached_property
    def signing(self) -> SigningService:
        return self._platform.signing(self.connection)

    @cached_property
    def second_factors(self) -> SecondFactorService:
        return self._platform.second_factors(self.connection)

    @cached_property
    def logins(self) -> LoginService:
        return self._platform.logins(self.connection)

    @cached_property
    def key_rotations(self) -> RotationService:
        return RotationService(self.connection)

    @cached_property
    def bindings(self) -> BindingService:
        return BindingService(self.connection)

    @cached_property
    def enrolment(self) -> EnrolmentService:
        return self._platform.enrolment(self.connection)

    @property
    def registrar(self) -> Registrar:
        """Those who let a device in."""
        return Registrar(
            devices=self.devices, security=self.security, enrolment=self.enrolment, mqtt=self.mqtt
        )

    @property
    def keepers(self) -> Keepers:
        """Those who keep something of a device."""
        return Keepers(
            devices=self.devices,
            security=self.security,
            enrolment=self.enrolment,
            jobs=self.job_desk,
            mqtt=self.mqtt,
            vpn=self.vpn,
            twin=self.twin,
        )

    @cached_property
    def attempts(self) -> AttemptService:
        return AttemptService(self.connection)

    @cached_property
    def dashboards(self) -> DashboardService:
        return DashboardService(self.connection)

    @cached_property
    def configuration(self) -> ConfigurationService:
        return ConfigurationService(self.connection)

    @cached_property
    def mqtt(self) -> MqttService:
        return MqttService(self.connection, clock=self._platform.clock)

    @cached_property
    def twin(self) -> TwinService:
        return TwinService(self.connection)

    @cached_property
    def vpn(self) -> VpnService:
        return VpnService(self.connection)

    @cached_property
    def clocks(self) -> ClockService:
        return ClockService(self.connection)

    @cached_property
    def quarantine(self) -> QuarantineService:
        return QuarantineService(self.connection)

    @cached_property
    def telemetry(self) -> TelemetryService:
        return TelemetryService(self.connection)

    @cached_property
    def alert_rules(self) -> RuleService:
        return RuleService(self.connection)

    @cached_property
    def alerts(self) -> AlertService:
        return AlertService(self.connection)

    @cached_property
    def alert_evaluator(self) -> AlertEvaluator:
        return AlertEvaluator(self.connection)

    @cached_property
    def rollups(self) -> RollupService:
        return RollupService(self.connection)
