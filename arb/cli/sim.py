"""`arb sim`: the simulated venues for other programs; one line when ready, then until SIGINT or stdin EOF."""

import asyncio
import contextlib
import json
import os
import re
import signal
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from arb import errors
from arb.cli._types import DURATION

if TYPE_CHECKING:
    from arb.simexchange.market import PricePath
    from arb.simexchange.spec import WorldSpec


def _loopback(ctx: click.Context, param: click.Parameter, value: str) -> str:
    import ipaddress

    try:
        if ipaddress.ip_address(value).is_loopback:
            return value
    except ValueError:
        pass
    raise click.BadParameter("only loopback addresses are served, such as 127.0.0.1")


@click.command("sim", help="Serve the simulated venues to other programs, until Ctrl-C or the end of stdin.")
@click.option("--seed", type=click.IntRange(min=0), default=7, show_default=True, help="Of the market.")
@click.option("--json", "as_json", is_flag=True, help="Print the endpoints as one JSON object.")
@click.option(
    "--market",
    "recordings",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="RECORDING",
    help="Take the price path of both venues from a recording; several, one a symbol.",
)
@click.option("--speed", type=click.FloatRange(min=0.01, max=1000), default=1.0, help="Of the recording.")
@click.option("--host", default="127.0.0.1", show_default=True, callback=_loopback, help="Loopback address.")
@click.option("--control-port", type=click.IntRange(0, 65535), default=0, help="0 takes a free one.")
@click.option(
    "--connection-life",
    type=DURATION,
    metavar="SECONDS",
    help="Age at which market connections are closed, as venues do after 24 h; 30, 90s, 10m.",
)
@click.option(
    "--window-cuts",
    type=click.IntRange(1, 16),
    default=1,
    help="Connections cut their depth windows at so many moments, with other ids at each.",
)
@click.option("--duration", type=DURATION, help="Stop by itself: 90, 90s, 10m, 6h.")
def command(
    seed: int,
    as_json: bool,
    recordings: tuple[Path, ...],
    speed: float,
    host: str,
    control_port: int,
    connection_life: float | None,
    window_cuts: int,
    duration: float | None,
) -> int:
    """The exit code: 0 served, 1 port taken, 2 bad usage; 130 when interrupted before it was ready."""
    from arb.simexchange.path import RecordingError, load_paths
    from arb.simexchange.spec import ALL_LISTINGS, WorldSpec

    paths: Mapping[str, PricePath] = {}
    if recordings:
        try:
            paths, refused = load_paths(recordings, speed)
        except RecordingError as error:
            raise errors.UsageError(str(error)) from None
        if refused:
            click.echo(f"{refused} lines of the recordings could not be used", err=True)
    known = sorted({listing.base for listing in ALL_LISTINGS})
    for base in paths:
        if base not in known:
            raise errors.UsageError(f"a recording is of {base}; the simulated venues list {', '.join(known)}")
    spec = WorldSpec(seed=seed, window_cuts=window_cuts, connection_life_s=connection_life)
    return asyncio.run(_serve(spec, paths, host, control_port, as_json, duration))


async def _serve(
    spec: "WorldSpec",
    paths: Mapping[str, "PricePath"],
    host: str,
    control_port: int,
    as_json: bool,
    duration: float | None,
) -> int:
    from arb.simexchange.server import SimServer

    loop = asyncio.get_running_loop()
    server = SimServer(spec, paths, host)
    try:
        await server.start(control_port)
    except OSError as error:
        where = f"control port {control_port}" if control_port else "a port"
        raise errors.ArbError(f"cannot open {where} of {host}: {error.strerror or error}") from None
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, server.stopped.set)
    _stop_at_eof(loop, server.stopped)
    click.echo(_ready_line(server.endpoints(), as_json))
    sys.stdout.flush()
    try:
        await asyncio.wait_for(server.stopped.wait(), duration)
    except TimeoutError:
        pass
    finally:
        await server.close()
    return errors.OK


def _ready_line(endpoints: dict[str, object], as_json: bool) -> str:
    if as_json:
        return json.dumps(endpoints, separators=(",", ":"))
    names = "rest|ws|ws_api|ws_public|ws_private|ws_trade"
    urls = re.findall(rf'"({names})": "([^"]+)"', json.dumps(endpoints["venues"]))
    parts = " ".join(f"{name} {url}" for name, url in urls)
    return f"simulated venues  {parts} control {endpoints['control']} key {endpoints['key']}"


def _stop_at_eof(loop: asyncio.AbstractEventLoop, stopped: asyncio.Event) -> None:
    """A thread that reads stdin away: its end is the parent's end, even after kill -9.

    A thread and not the loop, because a file or /dev/null as stdin cannot be polled.
    """

    def read() -> None:
        try:
            while os.read(0, 4096):
                pass
        except OSError:
            pass  # no stdin at all: the same as its end
        with contextlib.suppress(RuntimeError):  # the loop is closed already
            loop.call_soon_threadsafe(stopped.set)

    threading.Thread(target=read, name="stdin", daemon=True).start()
