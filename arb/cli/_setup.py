"""From a configuration, or from none, to a plan and the simulated venues it needs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from arb import errors
from arb.cli._plan import default_plan, plan_from_config
from arb.live.plan import SessionPlan
from arb.live.simulated import SimulatedVenues
from arb.venues.base import Credentials, KeyKind, Secret

if TYPE_CHECKING:
    from arb.config.credentials import Credentials as KeyPair
    from arb.config.models import Config


class Setup:
    """`prepare` once; `stop` ends the simulated venues, however far that came."""

    def __init__(
        self,
        config: Path | None,
        overrides: Sequence[str],
        sim_arguments: Sequence[str],
        tape: Path | None = None,
    ) -> None:
        self._config = config
        self._overrides = overrides
        self._arguments = sim_arguments
        self._tape = tape
        self.sim: SimulatedVenues | None = None

    async def prepare(self) -> SessionPlan:
        """Raises what `load_config` raises, AuthError for keys that cannot be read."""
        if self._config is None:
            sim = await self._simulate()
            return default_plan(sim.urls, sim.key, sim.secret, self._tape)
        from arb.cli._epoch import next_epoch
        from arb.config import load_config

        config = load_config(self._config, self._overrides)
        keys = read_keys(config, self._config.parent)
        urls = None
        if len(keys) < len(config.exchanges.named()):
            sim = await self._simulate()
            urls = sim.urls
            simulated = Credentials(sim.key, Secret(sim.secret))
            keys = {name: keys.get(name, simulated) for name in config.exchanges.named()}
        return plan_from_config(config, next_epoch(config.general.name), urls, keys, self._tape)

    async def stop(self) -> None:
        if self.sim is not None:
            await self.sim.stop()

    async def _simulate(self) -> SimulatedVenues:
        self.sim = await SimulatedVenues.start(self._arguments)
        return self.sim


def read_keys(config: Config, folder: Path) -> dict[str, Credentials]:
    """Of every venue that is not simulated by us."""
    from arb.config.credentials import read_credentials

    keys = {}
    for name, venue in config.exchanges.named().items():
        if venue.endpoint == "sim":
            continue
        if not venue.credentials:
            raise errors.AuthError(
                f"{name}: credentials are not set", hint=f'credentials = "env:{name.upper()}"'
            )
        keys[name] = to_credentials(read_credentials(venue.credentials, folder))
    return keys


def to_credentials(pair: KeyPair) -> Credentials:
    kind = KeyKind.ed25519 if pair.is_ed25519 else KeyKind.hmac
    return Credentials(pair.api_key, Secret(pair.api_secret), kind)
