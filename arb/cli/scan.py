"""`arb scan`: edge after fees, per direction, from recordings. Reads only."""

import sys
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from arb.cli._json import emit
from arb.cli._types import DecimalType
from arb.errors import UsageError
from arb.text import plain

if TYPE_CHECKING:
    from arb.data.names import InstrumentName
    from arb.data.recording import RefusedLine
    from arb.data.scan import ScanResult

_NAMED_REFUSALS = 20


def _sources(arguments: tuple[str, ...]) -> "dict[InstrumentName, list[Path]]":
    from arb.data.names import parse_instrument

    sources: dict[InstrumentName, list[Path]] = {}
    for argument in arguments:
        name, equals, path = argument.partition("=")
        instrument = parse_instrument(name)
        if not equals or not path:
            raise UsageError(f"{argument!r} names no recording", hint="write INSTRUMENT=FILE")
        if not Path(path).is_file():
            what = "is no file" if Path(path).exists() else "no such file"
            raise UsageError(f"{path}: {what}")
        sources.setdefault(instrument, []).append(Path(path))
    return sources


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(len(row[at]) for row in [head, *rows]) for at in range(len(head))]
    lines = [
        "  ".join(
            cell.ljust(width) if at == 0 else cell.rjust(width) for at, (cell, width) in enumerate(cells)
        )
        for cells in ([*zip(row, widths, strict=True)] for row in [head, *rows])
    ]
    return "\n".join(line.rstrip() for line in lines)


def _level(level: "list[Decimal] | None") -> str:
    return f"{plain(level[0])} x {plain(level[1])}" if level else "-"


def _print(result: "ScanResult", fee_bps: Decimal) -> None:
    data: dict[str, Any] = result.data
    books = [
        (
            book["instrument"],
            book["state"],
            _level(book["best_bid"]),
            _level(book["best_ask"]),
            "{} x {}".format(*book["levels"]),
            str(book["applied"]),
            str(book["gaps"]),
            str(book["refused"]),
            "{} of {}".format(*book["ticker_equal"]),
        )
        for book in data["books"]
    ]
    head = ("book", "state", "best bid", "best ask", "levels", "applied", "gaps", "refused", "= ticker")
    click.echo(_table(head, books))
    if data["pairs"]:
        pairs = [
            (
                pair["buy"],
                pair["sell"],
                pair["kind"],
                f"{pair['crossed_seconds']:.3f} s",
                str(pair["opportunities"]),
                "never live" if pair["max_edge_bps"] is None else f"{plain(pair['max_edge_bps'])} bps",
            )
            for pair in data["pairs"]
        ]
        click.echo()
        click.echo(_table(("buy", "sell", "kind", "crossed", "opportunities", "best edge"), pairs))
        click.echo(
            f"\nin {result.seconds:.1f} s of recording; taker fee {plain(fee_bps)} bps a leg, "
            f"so a cross must exceed {plain(2 * fee_bps)} bps (--fee-bps)"
        )
    p50, p99 = data["frame_ns"]["p50"], data["frame_ns"]["p99"]
    if p50 is not None:
        click.echo(f"depth frame to book applied: p50 {p50 / 1e3:.1f} us, p99 {p99 / 1e3:.1f} us")


@click.command("scan")
@click.argument("recordings", nargs=-1, required=True, metavar="INSTRUMENT=RECORDING...")
@click.option(
    "--fee-bps",
    type=DecimalType("-10", "500"),
    default="10",
    show_default=True,
    help="Taker fee of each leg in basis points.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def command(recordings: tuple[str, ...], fee_bps: Decimal, as_json: bool) -> int:
    """Keep the books of recordings and measure what crossed after fees.

    INSTRUMENT is venue:SYMBOL, for example binance:BTC/USDT (spot) or bybit:BTC/USDT:USDT (perpetual).
    RECORDING has lines `<recv_ns> <raw json>`, plain, .gz or .zst. Several files of one instrument are read
    in the order given. Instruments of one asset pair are compared in both directions; spot against perpetual
    is a basis, not an arbitrage.
    """
    sources = _sources(recordings)
    from arb.data.scan import scan

    refused: list[RefusedLine] = []
    count = 0

    def refuse(line: "RefusedLine") -> None:
        nonlocal count
        count += 1
        if count <= _NAMED_REFUSALS:
            refused.append(line)
            sys.stderr.write(f"refused: {line}\n")

    try:
        result = scan(sources, fee_bps, refuse)
    except ValueError as error:
        raise UsageError(str(error)) from None
    if count > _NAMED_REFUSALS:
        sys.stderr.write(f"refused: {count - _NAMED_REFUSALS} more lines\n")
    if result.unchecked:
        sys.stderr.write(f"note: {result.unchecked} zstd frames carry no content checksum\n")
    if as_json:
        emit("scan", result.data)
    else:
        _print(result, fee_bps)
    return 0
