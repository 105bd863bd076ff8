"""One Bybit account without a socket: REST, order connections and the private stream of a calm market."""

import json
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from arb.simexchange.bybit_linear import BybitLinear
from arb.simexchange.bybit_session import BybitPrivateSession
from arb.simexchange.bybit_trade import BybitTradeSession
from arb.simexchange.instant import MILLISECOND_NS, Instant
from arb.simexchange.messages import Request
from arb.simexchange.spec import WorldSpec
from arb.simexchange.world import World
from tests.simexchange.support import CALM, START, sign

TICK = Decimal("0.1")
LIMIT: dict[str, Any] = {
    "category": "linear",
    "symbol": "BTCUSDT",
    "side": "Buy",
    "orderType": "Limit",
    "qty": "0.010",
}


class BybitTrader:
    def __init__(self, topics: tuple[str, ...] = ("order", "execution", "position", "wallet")) -> None:
        self.now = START
        self.venue = World(WorldSpec(seed=5, market=CALM), START).bybit
        assert self.venue.linear is not None
        self.linear: BybitLinear = self.venue.linear
        self.opening = dict(self.venue.account.free)
        for perpetual in self.linear.perpetuals.values():
            perpetual.refresh(START)
        self.private = BybitPrivateSession(self.venue.keys, "p")
        frame = json.dumps({"op": "subscribe", "args": topics}).encode()
        assert json.loads(self.private.answer(self.auth(), self.now)[0])["success"]
        assert json.loads(self.private.answer(frame, self.now)[0])["success"]

    def auth(self, *, as_text: bool = False) -> bytes:
        expires: Any = self.now.unix_ms + 5_000
        signature = sign(self.venue.credentials.secret, f"GET/realtime{expires}")
        args = [self.venue.credentials.key, str(expires) if as_text else expires, signature]
        return json.dumps({"op": "auth", "args": args}).encode()

    def later(self, milliseconds: int) -> None:
        self.now = self.now.plus(milliseconds * MILLISECOND_NS)

    def rest(self, method: str, path: str, /, **params: Any) -> tuple[Any, Any]:
        """The answer and its headers."""
        key, secret = self.venue.credentials.key, self.venue.credentials.secret
        text, stamp = urlencode(params) if method == "GET" else json.dumps(params), str(self.now.unix_ms)
        headers = {
            "X-BAPI-API-KEY": key,
            "X-BAPI-TIMESTAMP": stamp,
            "X-BAPI-SIGN": sign(secret, stamp + key + "5000" + text),
        }
        query, body = (text, "") if method == "GET" else ("", text)
        answer = self.venue.handle(Request(method, path, query, body, headers), self.now)
        assert answer.status == 200
        return json.loads(answer.body), answer.headers

    def ok(self, method: str, path: str, /, **params: Any) -> Any:
        answer, _ = self.rest(method, path, **params)
        assert answer["retCode"] == 0, answer
        return answer["result"]

    def code(self, method: str, path: str, /, **params: Any) -> int:
        return int(self.rest(method, path, **params)[0]["retCode"])

    def create(self, **change: Any) -> Any:
        return self.ok("POST", "/v5/order/create", **LIMIT | change)

    def rows(self, path: str, /, **params: Any) -> Any:
        return self.ok("GET", path, **{"category": "linear"} | params)["list"]

    def touch(self, category: str = "linear") -> tuple[Decimal, Decimal]:
        book = self.venue.books[category]["BTCUSDT"]
        bid, ask = book.best(True), book.best(False)
        assert bid
        assert ask
        return bid[0], ask[0]

    def take(self, side: str, qty: str, **more: Any) -> Any:
        """An IOC order that finds enough, at 1 % beyond the touch."""
        self.later(200)
        bid, ask = self.touch(more.get("category", "linear"))
        price = ask * Decimal("1.01") if side == "Buy" else bid * Decimal("0.99")
        rounded = str(price.quantize(TICK))
        return self.create(**{"side": side, "qty": qty, "timeInForce": "IOC", "price": rounded} | more)

    @property
    def held(self) -> Decimal:
        return self.linear.margin.positions["BTCUSDT"].qty

    def events(self) -> list[Any]:
        """What the private stream got since the last time: (topic, row)."""
        self.later(10)
        self.venue.render()
        messages = self.venue.outbox.take(self.now.mono_ns)
        frames = [json.loads(message.payload) for message in messages if message.stream in self.private.feeds]
        return [(frame["topic"], row) for frame in frames for row in frame["data"]]

    def check_money(self) -> None:
        """What the account has, less what it holds in contracts at cost, plus what others got and the fees:
        the opening, to the last digit."""
        account = self.venue.account
        for asset, opening in self.opening.items():
            assert account.total(asset) + account.market[asset] + account.fees[asset] == opening
        for position in self.linear.margin.positions.values():
            assert position.cost - position.traded == position.realised


class TradeClient:
    """One order connection."""

    def __init__(self, trader: BybitTrader) -> None:
        self.trader = trader
        self.session = BybitTradeSession(trader.venue.trade_hall, "c")
        self._number = 0

    def send(self, frame: Any) -> Any:
        text = frame if isinstance(frame, bytes) else json.dumps(frame).encode()
        [answer] = self.session.answer(text, self.trader.now)
        return json.loads(answer)

    def log_on(self, *, as_text: bool = False) -> "TradeClient":
        assert self.send(self.trader.auth(as_text=as_text))["retCode"] == 0
        return self

    def ask(self, op: str, params: Any, **change: Any) -> Any:
        self._number += 1
        header = {"X-BAPI-TIMESTAMP": str(self.trader.now.unix_ms), "X-BAPI-RECV-WINDOW": "5000"}
        return self.send({"reqId": f"r{self._number}", "header": header, "op": op, "args": [params]} | change)


def at(trader: BybitTrader, unix_ms: int) -> Instant:
    return trader.now.plus((unix_ms - trader.now.unix_ms) * MILLISECOND_NS)
