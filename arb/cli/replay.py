"""`arb replay`: a recorded session through a fresh engine; 1 if it does anything else than it did then."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("replay", help="Run a tape of `arb run --tape` again and compare its actions.")
@click.argument("tape", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--expect", metavar="HASH", help="Action hash the session printed; exit 1 where it differs.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
def command(tape: Path, expect: str | None, as_json: bool) -> int:
    """Exit 0 equal, 1 different or unreadable, 2 no such file."""
    from arb.cli._json import emit
    from arb.errors import ArbError, UsageError
    from arbcore.engine import replay_tape

    if not tape.exists():
        raise UsageError(f"{tape}: no such tape")
    result = replay_tape(tape.read_bytes())
    if result["status"] != "ok":
        raise ArbError(
            f"{tape}: {result['status']} after {result['events']} events, {result['left']} bytes unread"
        )
    found = f"{result['action_hash']:016x}"
    data = {
        "events": result["events"],
        "actions": result["actions"],
        "orders": len(result["placed"]),
        "action_hash": found,
        "state_hash": f"{result['state_hash']:016x}",
    }
    if expect is not None and found != expect.lower():
        raise ArbError(f"{tape}: action hash {found}, the session had {expect}")
    if as_json:
        emit("replay", data)
    else:
        click.echo(
            f"{data['events']} events, {data['actions']} actions, {data['orders']} orders, hash {found}"
        )
    return 0
