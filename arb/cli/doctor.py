"""`arb doctor`: what would stop a session, asked before it starts."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("doctor", help="Check machine, clock, venues, filters, keys and account modes.")
@click.option(
    "-c", "--config", type=click.Path(dir_okay=False, path_type=Path), help="arbitrage.toml to check."
)
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override a key of the config.")
@click.option("--live", is_flag=True, help="As before real money: an unbound key is refused, not warned of.")
@click.option("--strict", is_flag=True, help="Warnings count as failures.")
@click.option("--json", "as_json", is_flag=True, help="Print the checks as one JSON object.")
def command(config: Path | None, overrides: tuple[str, ...], live: bool, strict: bool, as_json: bool) -> int:
    """Exit 0 when nothing failed, 4 for a key or account that may not be used, 5 for a venue out of reach."""
    from arb.cli._survey import examine
    from arb.errors import UsageError

    if overrides and config is None:
        raise UsageError("--set needs a config", hint="arb doctor -c config/arbitrage.toml --set KEY=VALUE")
    return examine("doctor", config, overrides, live=live, strict=strict, as_json=as_json)
