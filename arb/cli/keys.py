"""`arb keys set | check | list`: API keys, which never stand in a configuration or on a command line."""

from __future__ import annotations

import sys
from pathlib import Path

import click

_CONFIG = click.option(
    "-c", "--config", type=click.Path(dir_okay=False, path_type=Path), required=True, help="arbitrage.toml."
)


@click.group("keys", help="Store API keys, check what they may do, list where they are.")
def command() -> None:
    """The group itself does nothing."""


@command.command("set", help="Store the key of VENUE where its `credentials` points to (file: or keyring:).")
@click.argument("venue")
@_CONFIG
@click.option("--stdin", "from_stdin", is_flag=True, help="Read key and secret (or a PEM block) from stdin.")
def set_(venue: str, config: Path, from_stdin: bool) -> int:
    from arb.config.credentials import Credentials, parse_pair, write_credentials
    from arb.errors import UsageError

    reference = _reference(config, venue)
    if from_stdin:
        keys = parse_pair(sys.stdin.read())
    elif sys.stdin.isatty():
        # Ed25519 keys have several lines, which a hidden prompt cannot take.
        key = click.prompt("API key", hide_input=True)
        keys = Credentials(key.strip(), click.prompt("API secret", hide_input=True).strip())
    else:
        raise UsageError("keys are asked for on a terminal", hint=f"arb keys set {venue} --stdin < FILE")
    where = write_credentials(reference, keys, config.parent)
    kind = "Ed25519 private key" if keys.is_ed25519 else "HMAC secret"
    click.echo(f"{venue}: key and {kind} stored in {where}")
    return 0


@command.command("check", help="Ask the venues what the keys may do.")
@_CONFIG
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override a key of the config.")
@click.option("--live", is_flag=True, help="As before real money: an unbound key is refused, not warned of.")
@click.option("--json", "as_json", is_flag=True, help="Print the checks as one JSON object.")
def check(config: Path, overrides: tuple[str, ...], live: bool, as_json: bool) -> int:
    """Exit 4 for a key that may withdraw or transfer, is not accepted, or (--live) is bound to no address."""
    from arb.cli._survey import examine

    return examine("keys", config, overrides, live=live, strict=False, as_json=as_json)


@command.command("list", help="Where each venue's keys are, and whether they can be read; never the keys.")
@_CONFIG
def list_(config: Path) -> int:
    from arb.config import load_config, read_credentials
    from arb.errors import AuthError

    worst = 0
    for name, venue in load_config(config).exchanges.named().items():
        if not venue.credentials:
            click.echo(
                f"{name:8} none{' (simulated venues bring their own)' if venue.endpoint == 'sim' else ''}"
            )
            continue
        try:
            keys = read_credentials(venue.credentials, config.parent, {**_environment()})
        except AuthError as error:
            click.echo(f"{name:8} {venue.credentials}: {error.message}")
            worst = error.code
        else:
            click.echo(f"{name:8} {venue.credentials}: {'Ed25519' if keys.is_ed25519 else 'HMAC'}")
    return worst


def _environment() -> dict[str, str]:
    import os

    return dict(os.environ)


def _reference(config: Path, venue: str) -> str:
    from arb.config import load_config
    from arb.errors import UsageError

    venues = load_config(config).exchanges.named()
    if venue not in venues:
        raise UsageError(f"{config} has no venue {venue!r}; it has {', '.join(venues)}")
    reference = venues[venue].credentials
    if not reference:
        raise UsageError(f"{venue}: `credentials` is not set", hint=f'credentials = "file:{venue}.keys"')
    return reference
