"""`arb run`: trade. Without a config on two simulated venues over real sockets: no keys, no network."""

from __future__ import annotations

from pathlib import Path

import click

from arb.cli._types import DURATION


@click.command("run", help="Trade: two simulated venues on loopback, or the venues of a config.")
@click.option(
    "-c", "--config", type=click.Path(dir_okay=False, path_type=Path), help="arbitrage.toml to trade by."
)
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override a key of the config.")
@click.option("--duration", type=DURATION, help="End by itself: 90, 90s, 10m, 6h.")
@click.option(
    "--seed", type=click.IntRange(min=0), default=7, show_default=True, help="Of the simulated market."
)
@click.option(
    "--market",
    "recordings",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="RECORDING",
    help="Let a recording drive the simulated prices of both venues; several, one a symbol.",
)
@click.option("--speed", type=click.FloatRange(min=0.01, max=1000), default=1.0, help="Of the recording.")
@click.option(
    "--tape", type=click.Path(dir_okay=False, path_type=Path), help="Record every input, for `arb replay`."
)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as one JSON object.")
def command(
    config: Path | None,
    overrides: tuple[str, ...],
    duration: float | None,
    seed: int,
    recordings: tuple[Path, ...],
    speed: float,
    tape: Path | None,
    as_json: bool,
) -> int:
    """Exit 0 when it ended flat, 6 when it halted or left something over, 130 when interrupted before."""
    from arb.cli._run import Options, trade
    from arb.errors import UsageError

    if overrides and config is None:
        raise UsageError("--set needs a config", hint="arb run -c config/arbitrage.toml --set KEY=VALUE")
    for path in recordings:
        if not path.exists():
            raise UsageError(f"{path}: no such recording")
    if tape is not None and tape.exists():
        raise UsageError(f"{tape}: exists already; a tape is never overwritten")
    return trade(Options(config, overrides, duration, seed, recordings, speed, tape, as_json))
