"""Tick to order over loopback: a depth frame that crosses, to the order as the venue reads it.

Over REST, over a WebSocket with a signature per message, and over one that is logged on; stamped at the
venue, in another process. In the same run, interleaved: the no-parse floor (picows answers a frame with a
message of an order's size) and the REST floor (aiohttp answers it with a POST of that size), so that what arb
itself costs can be told from what the sockets cost.
"""

import asyncio
import json
import statistics
import sys
from collections.abc import Sequence
from typing import Any

from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from arb.live.ear import VenueEar
from arb.live.gateway import Gateway, Route
from arb.live.http_port import LiveHttpPort
from arb.live.loop_clock import LoopClock
from arb.live.socket_port import LiveSocketPort
from arb.venues.base import Credentials, HttpRequest, KeyKind, Secret
from arb.venues.binance.venue import BinanceSpot
from arb.venues.clock import SETTLED_SAMPLES
from arb.venues.settings import VenueSettings
from arbcore.engine import Engine
from arbcore.feed import MarketListener, Turn
from arbcore.settings import EngineSettings, InstrumentRules, Limits, Timing
from bench.tick_venue import DESKS, snapshot

_SAMPLES = 100  # a round
_GAP_S = 0.01
_ORDER = b"x" * 300
_NAMES = {
    "floor": "picows floor, no parse",
    "rest_floor": "aiohttp POST floor",
    "rest_first": "REST, first leg read",
    "rest_both": "REST, both legs",
    "hmac_first": "ws HMAC, first leg",
    "hmac_both": "ws HMAC, both legs",
    "session_first": "ws session, first leg",
    "session_both": "ws session, both legs",
}


def measure(rounds: int) -> list[dict[str, Any]]:
    samples: dict[str, list[list[int]]] = {name: [] for name in _NAMES}
    for _ in range(rounds):
        for name, values in asyncio.run(_round()).items():
            samples[name].append(values)
    base = _row("floor", samples["floor"])
    rows = []
    for name, values in samples.items():
        row = _row(name, values)
        row["p50_ratio"] = row["p50_ns"] / base["p50_ns"]
        row["p99_ratio"] = row["p99_ns"] / base["p99_ns"]
        rows.append(row)
    workload = f"tick to order over loopback, a tick each {_GAP_S * 2e3:.0f} ms"
    return [{"workload": workload, "rows": rows}]


def _row(name: str, rounds: Sequence[Sequence[int]]) -> dict[str, Any]:
    p50 = [statistics.median(values) for values in rounds]
    p99 = [sorted(values)[int(len(values) * 0.99)] for values in rounds]
    return {
        "name": _NAMES[name],
        "p50_ns": statistics.median(p50),
        "p50_min_ns": min(p50),
        "p50_max_ns": max(p50),
        "p99_ns": statistics.median(p99),
        "p99_min_ns": min(p99),
        "p99_max_ns": max(p99),
    }


class _Answer(WSListener):
    """Answers each frame at once."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.TEXT:
            self._answer(transport)


async def _round() -> dict[str, list[int]]:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-c", "import sys; from bench.tick_venue import main; main()",
        str(_SAMPLES), str(_GAP_S), stdout=asyncio.subprocess.PIPE, env={"PYTHONPATH": _root()},
    )  # fmt: skip
    assert child.stdout is not None
    urls = json.loads(await child.stdout.readline())
    http, sockets = LiveHttpPort(), LiveSocketPort()
    desks = [_Desk(name, urls, http, sockets) for name in DESKS]
    for desk in desks:
        await desk.open()
    post = HttpRequest("POST", urls["rest"] + "/plain", {"Content-Type": "text/plain"}, _ORDER)
    floors: dict[str, Any] = {
        "floor": _Answer(lambda transport: transport.send(WSMsgType.TEXT, _ORDER)),
        "rest_floor": _Answer(lambda _: http.start(post, lambda _: None)),
    }
    for name, listener in floors.items():
        await ws_connect(lambda listener=listener: listener, f"{urls['ws']}/{name}")
    out = json.loads(await child.stdout.readline())
    await child.wait()
    for desk in desks:
        desk.close()
    await sockets.close()
    await http.close()
    result: dict[str, list[int]] = out
    return result


class _Desk:
    """Two venues behind one engine, orders one way."""

    def __init__(self, name: str, urls: dict[str, str], http: LiveHttpPort, sockets: LiveSocketPort) -> None:
        loop = asyncio.get_running_loop()
        self.name = name
        self.urls = urls
        self.engine = _engine()
        self.turn = Turn(self.engine, loop, lambda actions: self.gateway.carry_out(actions))
        clock = LoopClock(loop)
        self.ears = [
            VenueEar(leg, clock, on_sent=_ignore, on_gone=_unexpected, on_trouble=_unexpected)
            for leg in ("a", "b")
        ]
        self.venues = [
            BinanceSpot(
                ear.name,
                {"rest": urls["rest"], "ws": urls["ws"], "ws_api": f"{urls['ws']}/ws-api/v3"},
                http,
                sockets,
                clock,
                ear,
                credentials=_credentials(name),
                settings=VenueSettings(order_transport="rest" if name == "rest" else "ws"),
            )
            for ear in self.ears
        ]
        routes = {
            number: Route("BTC/USDT", venue.name, venue.orders)
            for number, venue in enumerate(self.venues)
            if venue.orders is not None
        }
        self.gateway = Gateway(self.turn, routes, clock, lambda _: None, lambda _: None)
        self.beat: asyncio.Task[None] | None = None

    async def open(self) -> None:
        loop, engine, turn = asyncio.get_running_loop(), self.engine, self.turn
        for number, ear in enumerate(self.ears):
            ear.attach(turn, number, {"BTC/USDT": number}, {"BTC": 0, "USDT": 1})
            engine.stream("private", number, True, turn.stamp())
            engine.balance(number, 0, "1000", turn.stamp())
            engine.balance(number, 1, "100000000", turn.stamp())
        engine.id_block(1 << 30, turn.stamp())
        for venue in self.venues:
            listed: asyncio.Future[Any] = loop.create_future()
            venue.instruments(["BTC/USDT"], listed.set_result)
            await listed
            for _ in range(SETTLED_SAMPLES):
                measured: asyncio.Future[bool] = loop.create_future()
                venue.measure_clock(measured.set_result)
                await measured
            assert venue.orders is not None
            venue.orders.start()
            channel = venue.orders.channel
            while channel is not None and not channel.ready:  # noqa: ASYNC110 - it tells the ear, not us
                await asyncio.sleep(0.01)
        for number, leg in enumerate(("a", "b")):
            listener = MarketListener(turn, number, _unexpected, _unexpected, lambda _: None)
            await ws_connect(lambda listener=listener: listener, f"{self.urls['ws']}/{self.name}-{leg}")
        for number in (0, 1):
            engine.snapshot(number, snapshot(), 1000, turn.stamp())
        # The second venue stands still; this diff bridges its snapshot and moves nothing.
        bridge = b'{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":100,"u":101,"b":[],"a":[]}'
        engine.frame(1, bridge, turn.stamp())
        self.beat = loop.create_task(_beat(engine, turn))

    def close(self) -> None:
        if self.beat is not None:
            self.beat.cancel()
        for venue in self.venues:
            if venue.orders is not None:
                venue.orders.stop()
        stats = self.engine.stats
        if stats["halted"] or stats["not_sent"] or not stats["trades"]:
            raise SystemExit(f"the session under measurement failed ({self.name}): {stats}")


def _credentials(desk: str) -> Credentials:
    if desk != "session":
        return Credentials("key", Secret("secret"))
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return Credentials("key", Secret(pem), KeyKind.ed25519)


async def _beat(engine: Engine, turn: Turn) -> None:
    while True:
        engine.time(turn.stamp())
        await asyncio.sleep(0.1)


def _engine() -> Engine:
    second = 1_000_000_000
    engine = Engine(
        EngineSettings(
            limits=Limits(
                max_book_age_ns=3600 * second,
                own_fill_quiet_ns=0,
                own_fill_block_ns=0,
                duplicate_window_ns=0,
                max_order_notional="500",
            ),
            timing=Timing(place_deadline_ns=second, ack_ns=5 * second),
        ),
        tape_bytes=1 << 26,
    )  # fmt: skip
    for name in ("BTC", "USDT"):
        engine.add_asset(name)
    engine.add_venue("a")
    engine.add_venue("b")
    pair = engine.add_pair(0, 1, 4, 8)
    rules = InstrumentRules(tick="0.01", lot="0.00001", min_notional="5", taker_fee_bps="1")
    for number in (0, 1):
        engine.add_connection(number, "binance_spot")
        engine.add_instrument(
            "BTC/USDT", venue=number, market="binance_spot", pair=pair, connection=number,
            venue_symbol="BTCUSDT", price_decimals=4, qty_decimals=8, rules=rules,
        )  # fmt: skip
    return engine


def _root() -> str:
    from pathlib import Path

    return str(Path(__file__).resolve().parent.parent)


def _ignore(_: object) -> None:
    pass


def _unexpected(*arguments: object) -> None:
    raise AssertionError(f"not a frame of this benchmark: {arguments!r:.200}")
