"""Binance USD-M orders on REST and WebSocket: filters against the mark price, positions, margin, events."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlencode

import pytest

from arb.simexchange.api_keys import Rights
from arb.simexchange.messages import Request
from arb.simexchange.perpetual_account import Position
from arb.simexchange.spec import USDM, WorldSpec
from arb.simexchange.usdm_listen import LIFE_MS, open_user
from arb.simexchange.usdm_market import UsdmMarket
from arb.simexchange.world import World
from tests.simexchange.support import CALM, START, sign
from tests.simexchange.ws_api import WsClient, ed25519_key

FIXTURES = Path(__file__).resolve().parents[2] / "../shared/fixtures/binance_usdm"
LIMIT: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "quantity": "0.010",
}
IOC = LIMIT | {"timeInForce": "IOC", "newOrderRespType": "RESULT"}


class Trader:
    """One account, asked over REST without a socket, over WebSocket and through its listenKey."""

    def __init__(self) -> None:
        self.ws = WsClient(World(WorldSpec(seed=5, market=CALM), START).binance, USDM)
        self.venue = self.ws.venue
        assert self.venue.usdm is not None
        self.usdm: UsdmMarket = self.venue.usdm
        self.opening = self.usdm.wallet.wallet["USDT"]

    def rest(self, method: str, path: str, /, **params: Any) -> tuple[int, Any]:
        params.setdefault("timestamp", self.ws.now.unix_ms)
        text = urlencode(params)
        text += "&signature=" + sign(self.venue.credentials.secret, text)
        query, body = (text, "") if method in ("GET", "DELETE") else ("", text)
        headers = {"X-MBX-APIKEY": self.venue.credentials.key}
        answer = self.venue.handle(Request(method, path, query, body, headers), self.ws.now)
        return answer.status, json.loads(answer.body)

    def ok(self, method: str, path: str, /, **params: Any) -> Any:
        status, body = self.rest(method, path, **params)
        assert status == 200, body
        return body

    def code(self, method: str, path: str, /, **params: Any) -> int:
        status, body = self.rest(method, path, **params)
        assert status == 400, body
        return int(body["code"])

    def touch(self, symbol: str = "BTCUSDT") -> tuple[Decimal, Decimal]:
        book = self.usdm.matching.books[symbol]
        bid, ask = book.best(True), book.best(False)
        assert bid
        assert ask
        return bid[0], ask[0]

    def take(self, side: str, qty: str, **more: Any) -> Any:
        """An IOC order that finds enough, at 1 % beyond the touch."""
        bid, ask = self.touch()
        price = (ask * Decimal("1.01") if side == "BUY" else bid * Decimal("0.99")).quantize(Decimal("0.1"))
        return self.ok("POST", "/fapi/v1/order", **IOC | {"side": side, "quantity": qty}, price=price, **more)

    @property
    def position(self) -> Position:
        return self.usdm.wallet.positions["BTCUSDT"]

    def check_money(self) -> None:
        """The wallet is the opening one less fees, and less what was paid for what is no longer open."""
        expected = self.opening
        for position in self.usdm.wallet.positions.values():
            expected += position.cost - position.traded - position.fees + position.funding
        assert self.usdm.wallet.wallet["USDT"] == expected

    def events(self, path: str) -> list[Any]:
        session = open_user(path)
        assert session is not None
        self.ws.later(10)
        self.venue.render()
        messages = self.venue.outbox.take(self.ws.now.mono_ns)
        frames = [session.wrap(message) for message in messages if message.market == USDM]
        return [json.loads(frame) for frame in frames if frame is not None]


def fixture(name: str) -> Any:
    file = FIXTURES / f"{name}.json"
    if not file.exists():
        pytest.skip(f"no shared fixtures at {FIXTURES}")
    return json.loads(file.read_text())


def test_an_order_lives_from_place_to_cancel_on_both_transports() -> None:
    made = Trader()
    bid, _ = made.touch()
    order = made.ok("POST", "/fapi/v1/order", **LIMIT, price=bid - 100, newClientOrderId="a.1:/x")
    assert (order["status"], order["executedQty"], order["origQty"]) == ("NEW", "0.000", "0.010")
    assert (
        made.ws.result("order.status", symbol="BTCUSDT", orderId=order["orderId"])["clientOrderId"]
        == "a.1:/x"
    )
    assert made.ok("GET", "/fapi/v1/openOrder", symbol="BTCUSDT", orderId=order["orderId"])["status"] == "NEW"
    assert [row["orderId"] for row in made.ok("GET", "/fapi/v1/openOrders")] == [order["orderId"]]
    gone = made.ws.result("order.cancel", symbol="BTCUSDT", origClientOrderId="a.1:/x")
    assert (gone["status"], gone["clientOrderId"]) == ("CANCELED", "a.1:/x")
    assert made.ok("GET", "/fapi/v1/openOrders", symbol="BTCUSDT") == []
    assert [row["status"] for row in made.ok("GET", "/fapi/v1/allOrders", symbol="BTCUSDT")] == ["CANCELED"]
    assert made.code("DELETE", "/fapi/v1/order", symbol="BTCUSDT", orderId=order["orderId"]) == -2011
    assert made.code("GET", "/fapi/v1/openOrder", symbol="BTCUSDT", orderId=order["orderId"]) == -2013
    assert made.code("GET", "/fapi/v1/order", symbol="BTCUSDT", orderId=1) == -2013


@pytest.mark.parametrize(
    ("change", "ack", "result"),
    [
        ({"timeInForce": "IOC", "far": 10}, "NEW", "FILLED"),
        ({"timeInForce": "IOC", "far": -100}, "NEW", "EXPIRED"),
        ({"timeInForce": "FOK", "far": 10}, "NEW", "FILLED"),
        ({"timeInForce": "GTC", "far": -100}, "NEW", "NEW"),
        ({"timeInForce": "GTX", "far": -100}, "NEW", "NEW"),
        ({"type": "MARKET", "timeInForce": None, "far": None}, "NEW", "FILLED"),
    ],
)
def test_only_a_result_knows_the_end(change: dict[str, Any], ack: str, result: str) -> None:
    for response, expected in (("ACK", ack), ("RESULT", result)):
        made = Trader()
        _, ask = made.touch()
        params = LIMIT | change | {"newOrderRespType": response}
        far = params.pop("far")
        if far is not None:
            params["price"] = ask + far
        order = made.ok("POST", "/fapi/v1/order", **{k: v for k, v in params.items() if v is not None})
        assert order["status"] == expected
        assert order["timeInForce"] == (change["timeInForce"] or "GTC")
        queried = made.ok("GET", "/fapi/v1/order", symbol="BTCUSDT", orderId=order["orderId"])
        assert queried["status"] == result
        assert queried["type"] == params["type"]


def test_positions_and_wallet_are_exact_through_opening_closing_and_turning() -> None:
    made = Trader()
    for side, qty in [
        ("BUY", "0.030"),
        ("BUY", "0.013"),
        ("SELL", "0.007"),
        ("SELL", "0.050"),
        ("BUY", "0.014"),
    ]:
        order = made.take(side, qty)
        assert order["status"] == "FILLED"
        made.check_money()
    assert not made.position.qty
    assert not made.position.cost
    trades = made.ok("GET", "/fapi/v1/userTrades", symbol="BTCUSDT")
    realised = sum(Decimal(row["realizedPnl"]) for row in trades)
    fees = sum(Decimal(row["commission"]) for row in trades)
    assert made.usdm.wallet.wallet["USDT"] == made.opening + realised - fees
    paid = sum((1 if row["buyer"] else -1) * Decimal(row["quoteQty"]) for row in trades)
    assert realised == -paid
    assert all("clientOrderId" not in row and row["commissionAsset"] == "USDT" for row in trades)
    assert made.ok("GET", "/fapi/v3/positionRisk") == []


def test_fees_in_a_third_asset_leave_the_margin_alone() -> None:
    made = Trader()
    made.usdm.matching.use_fee_asset("BNB", Decimal("0.001"), Decimal(600))
    order = made.take("BUY", "0.010")
    trades = made.ok("GET", "/fapi/v1/userTrades", symbol="BTCUSDT", orderId=order["orderId"])
    assert {row["commissionAsset"] for row in trades} == {"BNB"}
    fee = sum(Decimal(row["commission"]) for row in trades)
    value = sum(Decimal(row["quoteQty"]) for row in trades)
    assert abs(fee - value * Decimal("0.0005") * Decimal("0.9") / 600) < Decimal("1e-6")
    assert made.usdm.wallet.wallet == {"USDT": made.opening, "BNB": Decimal("0.001") - fee}
    assert [row["asset"] for row in made.ok("GET", "/fapi/v3/balance")] == ["USDT", "BNB"]
    made.take("SELL", "0.030")
    assert made.ok("GET", "/fapi/v1/userTrades", symbol="BTCUSDT")[-1]["commissionAsset"] == "USDT"
    made.check_money()


def test_balances_and_positions_agree_with_the_account() -> None:
    made = Trader()
    made.take("SELL", "0.100")
    row = made.ok("GET", "/fapi/v3/positionRisk", symbol="BTCUSDT")[0]
    assert (row["positionAmt"], row["positionSide"]) == ("-0.100", "BOTH")
    assert Decimal(row["entryPrice"]) == made.position.entry
    mark = Decimal(row["markPrice"])
    account = made.ok("GET", "/fapi/v3/account")
    profit = Decimal(account["totalUnrealizedProfit"])
    assert abs(profit - (Decimal("-0.1") * mark - made.position.cost)) < Decimal("1e-7")
    assert abs(Decimal(account["totalPositionInitialMargin"]) - mark * Decimal("0.1") / 20) < Decimal("1e-7")
    balance = made.ok("GET", "/fapi/v3/balance")[0]
    assert Decimal(balance["balance"]) == made.usdm.wallet.wallet["USDT"].quantize(Decimal("1e-8"))
    assert made.ws.result("v2/account.balance") == [balance]
    assert made.ws.result("v2/account.status")["assets"] == account["assets"]
    assert made.ws.result("v2/account.position") == [row]
    # Spot has a wallet of its own.
    assert made.venue.account.free["USDT"] == made.opening


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"symbol": "NOPEUSDT"}, -1121),
        ({"side": "UP"}, -1117),
        ({"type": "ODD"}, -1116),
        ({"type": "STOP_MARKET"}, -4120),
        ({"timeInForce": "ODD"}, -1115),
        ({"timeInForce": None}, -1102),
        ({"quantity": "0"}, -4003),
        ({"quantity": "2000"}, -4005),
        ({"quantity": "0.0105"}, -1111),
        ({"price": "60000.05"}, -4014),
        ({"price": "60000.005"}, -1111),
        ({"price": "64000"}, -4016),
        ({"side": "SELL", "price": "56000"}, -4024),
        ({"quantity": "0.001"}, -4164),
        ({"positionSide": "LONG"}, -4061),
        ({"reduceOnly": "true"}, -2022),
        ({"newClientOrderId": "no spaces"}, -1100),
        ({"newClientOrderId": "taken"}, -4116),
        ({"quantity": "100"}, -2019),
        ({"timeInForce": "GTX", "price": "60500"}, -5022),
        ({"timeInForce": "FOK", "price": "59700"}, -5021),
        ({"newOrderRespType": "FULL"}, -1130),
        ({"timestamp": 1}, -1021),
        ({"recvWindow": 60_001}, -1131),
    ],
)
@pytest.mark.parametrize("transport", ["rest", "ws"])
def test_bad_orders_get_the_documented_code(change: dict[str, Any], code: int, transport: str) -> None:
    made = Trader()
    assert 59_600 < made.touch()[0] < 60_400
    made.ok("POST", "/fapi/v1/order", **LIMIT, price="59500", newClientOrderId="taken")
    params = {k: v for k, v in (LIMIT | {"price": "59500"} | change).items() if v is not None}
    if transport == "rest":
        assert made.code("POST", "/fapi/v1/order", **params) == code
    else:
        assert made.ws.error("order.place", **params) == (400, code)
    assert len(made.usdm.orders.store.open()) == 1
    assert made.position == Position()


def test_a_market_order_far_from_the_mark_is_refused() -> None:
    made = Trader()
    made.venue.perpetuals["BTCUSDT"].refresh(made.ws.now)
    book = made.usdm.matching.books["BTCUSDT"]
    for price in [price for price in book.prices(False) if price < 64_000]:
        book.set_background(False, price, Decimal(0))
    book.set_background(False, Decimal(64_000), Decimal(1))
    market = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.010"}
    assert made.code("POST", "/fapi/v1/order", **market) == -4131


def test_reduce_only_never_turns_a_position_and_is_free_of_the_notional_rule() -> None:
    made = Trader()
    made.take("BUY", "0.010")
    closed = made.take("SELL", "0.001", reduceOnly="true")  # 60 USDT, less than the minimum of 100
    assert (closed["status"], closed["reduceOnly"]) == ("FILLED", True)
    order = made.take("SELL", "0.020", reduceOnly="true")
    assert (order["status"], order["executedQty"], order["origQty"]) == ("EXPIRED", "0.009", "0.020")
    assert made.position.qty == 0
    assert (
        made.code("POST", "/fapi/v1/order", **IOC | {"side": "SELL"}, price="59800", reduceOnly="true")
        == -2022
    )
    made.check_money()


def test_resting_reduce_only_orders_go_with_the_position() -> None:
    made = Trader()
    _, ask = made.touch()
    made.take("BUY", "0.010")
    resting = LIMIT | {"side": "SELL", "price": ask + 200, "reduceOnly": "true", "newClientOrderId": "r1"}
    made.ok("POST", "/fapi/v1/order", **resting)
    made.take("SELL", "0.004")
    order = made.ok("GET", "/fapi/v1/order", symbol="BTCUSDT", origClientOrderId="r1")
    assert (order["status"], order["origQty"]) == ("NEW", "0.006")
    made.take("SELL", "0.006")
    assert made.ok("GET", "/fapi/v1/order", symbol="BTCUSDT", origClientOrderId="r1")["status"] == "EXPIRED"
    assert made.usdm.matching.books["BTCUSDT"].own == {}


def test_margin_limits_what_may_be_opened_but_never_a_reduction() -> None:
    made = Trader()
    made.ok("POST", "/fapi/v1/leverage", symbol="BTCUSDT", leverage=1)
    made.usdm.wallet.wallet["USDT"] = made.opening = Decimal(1_000)
    assert made.code("POST", "/fapi/v1/order", **LIMIT | {"quantity": "0.017"}, price="59500") == -2019
    made.ok("POST", "/fapi/v1/order", **LIMIT | {"quantity": "0.016"}, price="59500")
    assert made.code("POST", "/fapi/v1/order", **LIMIT, price="59500") == -2019
    made.ok("DELETE", "/fapi/v1/allOpenOrders", symbol="BTCUSDT")
    made.take("BUY", "0.016")
    assert made.take("SELL", "0.016")["status"] == "FILLED"
    made.check_money()


def test_hedge_mode_wants_a_side() -> None:
    made = Trader()
    order = LIMIT | {"price": "59500"}
    assert made.code("POST", "/fapi/v1/positionSide/dual", dualSidePosition="false") == -4059
    made.ok("POST", "/fapi/v1/order", **order, newClientOrderId="o1")
    assert made.code("POST", "/fapi/v1/positionSide/dual", dualSidePosition="true") == -4067
    made.ok("DELETE", "/fapi/v1/order", symbol="BTCUSDT", origClientOrderId="o1")
    made.take("BUY", "0.010")
    assert made.code("POST", "/fapi/v1/positionSide/dual", dualSidePosition="true") == -4068
    made.take("SELL", "0.010")
    assert made.ok("POST", "/fapi/v1/positionSide/dual", dualSidePosition="true")["code"] == 200
    assert made.ok("GET", "/fapi/v1/positionSide/dual") == {"dualSidePosition": True}
    assert made.ok("GET", "/fapi/v1/accountConfig")["dualSidePosition"] is True
    assert made.code("POST", "/fapi/v1/order", **order) == -4061
    assert made.code("POST", "/fapi/v1/order", **order, positionSide="LONG", reduceOnly="true") == -1106
    assert made.code("POST", "/fapi/v1/order", **order, positionSide="LONG") == -1014


def test_no_remainder_of_a_partial_close_is_ever_lost() -> None:
    rng = Random(11)
    for _ in range(200):
        position, wallet = Position(), Decimal(0)
        for _ in range(30):
            qty = Decimal(rng.randrange(1, 200) * rng.choice((-1, 1))) / 1000
            price = Decimal(rng.randrange(590_000, 610_000)) / 10
            wallet += position.trade(qty, price)
            assert wallet == position.cost - position.traded
            assert position.cost.as_tuple().exponent >= -8  # type: ignore[operator]
        wallet += position.trade(-position.qty, Decimal(60_000)) if position.qty else 0
        assert (position.qty, position.cost) == (Decimal(0), Decimal(0))
        assert wallet == -position.traded == position.realised


def test_leverage_and_margin_type() -> None:
    made = Trader()
    answer = made.ok("POST", "/fapi/v1/leverage", symbol="BTCUSDT", leverage=21)
    assert answer == {"leverage": 21, "maxNotionalValue": "1000000", "symbol": "BTCUSDT"}
    assert made.code("POST", "/fapi/v1/leverage", symbol="BTCUSDT", leverage=126) == -4028
    assert made.code("POST", "/fapi/v1/marginType", symbol="BTCUSDT", marginType="CROSSED") == -4046
    made.ok("POST", "/fapi/v1/marginType", symbol="BTCUSDT", marginType="ISOLATED")
    row = made.ok("GET", "/fapi/v1/symbolConfig", symbol="BTCUSDT")[0]
    assert (row["leverage"], row["marginType"]) == (21, "ISOLATED")


def test_the_stream_tells_orders_fills_and_the_account() -> None:
    made = Trader()
    headers = {"X-MBX-APIKEY": made.venue.credentials.key}
    answer = made.venue.handle(Request("POST", "/fapi/v1/listenKey", "", "", headers), made.ws.now)
    key = json.loads(answer.body)["listenKey"]
    path = f"/private/ws/{key}"
    bid, _ = made.touch()
    made.ok("POST", "/fapi/v1/order", **LIMIT, price=bid - 100, newClientOrderId="a1")
    made.ok("DELETE", "/fapi/v1/order", symbol="BTCUSDT", origClientOrderId="a1")
    lives = [(event["e"], event["o"]["x"], event["o"]["X"], event["o"]["c"]) for event in made.events(path)]
    assert lives == [
        ("ORDER_TRADE_UPDATE", "NEW", "NEW", "a1"),
        ("ORDER_TRADE_UPDATE", "CANCELED", "CANCELED", "a1"),
    ]
    made.take("BUY", "0.010", newClientOrderId="a2")
    told = made.events(path)
    fills = [
        event["o"] for event in told if event["e"] == "ORDER_TRADE_UPDATE" and event["o"]["x"] == "TRADE"
    ]
    lite = [event for event in told if event["e"] == "TRADE_LITE"]
    assert sorted(event["t"] for event in lite) == sorted(fill["t"] for fill in fills)
    assert sum(Decimal(fill["l"]) for fill in fills) == Decimal("0.010")
    assert all(fill["N"] == "USDT" and Decimal(fill["n"]) > 0 for fill in fills)
    update = told[-1]["a"]
    assert (update["m"], update["P"][0]["pa"]) == ("ORDER", "0.010")
    assert Decimal(update["B"][0]["wb"]) == made.usdm.wallet.wallet["USDT"]
    made.take("BUY", "0.010", newClientOrderId="a3")
    assert made.events("/private/ws/other") == []


def test_trade_lite_comes_before_and_after_the_full_event() -> None:
    made = Trader()
    headers = {"X-MBX-APIKEY": made.venue.credentials.key}
    answer = made.venue.handle(Request("POST", "/fapi/v1/listenKey", "", "", headers), made.ws.now)
    path = f"/private/ws/{json.loads(answer.body)['listenKey']}"
    seen = set()
    for number in range(12):
        made.take("BUY" if number % 2 else "SELL", "0.002")
        kinds = [event["e"] for event in made.events(path)]
        seen.add(kinds.index("TRADE_LITE") < kinds.index("ORDER_TRADE_UPDATE", 1))
    assert seen == {True, False}


def test_the_listen_key_may_be_had_over_websocket_too() -> None:
    made = Trader()
    key = made.ws.result("userDataStream.start", "", apiKey=made.venue.credentials.key)["listenKey"]
    assert key == made.usdm.listen_keys.current
    assert made.ok("PUT", "/fapi/v1/listenKey") == {"listenKey": key}
    assert made.ws.result("userDataStream.stop", "", apiKey=made.venue.credentials.key) == {}
    assert made.ws.error("userDataStream.ping", "", apiKey=made.venue.credentials.key) == (400, -1125)
    assert made.ws.error("userDataStream.start", "", apiKey="nobody") == (401, -2015)


def test_an_expired_listen_key_is_told_and_gets_nothing_more() -> None:
    made = Trader()
    key = made.usdm.listen_keys.start(made.ws.now)
    made.ws.later(LIFE_MS)
    made.usdm.advance(made.ws.now)
    told = made.events(f"/private/ws/{key}")
    assert [(event["e"], event.get("listenKey")) for event in told] == [("listenKeyExpired", key)]
    assert made.code("PUT", "/fapi/v1/listenKey") == -1125
    made.take("BUY", "0.010")
    assert made.events(f"/private/ws/{key}") == []


def test_funding_moves_the_wallet_and_is_told() -> None:
    made = Trader()
    key = made.usdm.listen_keys.start(made.ws.now)
    made.take("BUY", "0.100")
    made.events(f"/private/ws/{key}")
    before = made.usdm.wallet.wallet["USDT"]
    made.usdm.fund("BTCUSDT", made.ws.now)
    perpetual = made.venue.perpetuals["BTCUSDT"]
    paid = (Decimal("0.1") * perpetual.mark * perpetual.rate).quantize(Decimal("1e-8"))
    assert abs(before - made.usdm.wallet.wallet["USDT"] - paid) <= Decimal("1e-8")
    update = made.events(f"/private/ws/{key}")[-1]["a"]
    assert (update["m"], update["P"], update["S"]) == ("FUNDING_FEE", [], "BTCUSDT")
    made.check_money()


@pytest.mark.parametrize("client_id", ["autoclose-1", "adl_autoclose"])
def test_the_venue_may_close_a_position_itself(client_id: str) -> None:
    made = Trader()
    key = made.usdm.listen_keys.start(made.ws.now)
    assert made.usdm.force_close("BTCUSDT", Decimal(1), client_id, made.ws.now) is None
    made.take("SELL", "0.100")
    made.events(f"/private/ws/{key}")
    order = made.usdm.force_close("BTCUSDT", Decimal("0.04"), client_id, made.ws.now)
    assert order is not None
    assert made.position.qty == Decimal("-0.06")
    told = [event["o"] for event in made.events(f"/private/ws/{key}") if event["e"] == "ORDER_TRADE_UPDATE"]
    assert {(row["c"], row["x"]) for row in told} == {(client_id, "NEW"), (client_id, "CALCULATED")}
    made.check_money()
    shown: Any = made.usdm.as_json()
    assert shown["positions"]["BTCUSDT"]["qty"] == "-0.06"
    assert Decimal(shown["balances"]["USDT"]) == made.usdm.wallet.wallet["USDT"]


def test_a_countdown_that_nobody_renews_cancels_all_orders_of_its_symbol() -> None:
    made = Trader()
    made.ok("POST", "/fapi/v1/order", **LIMIT, price="59500")
    answer = made.ok("POST", "/fapi/v1/countdownCancelAll", symbol="BTCUSDT", countdownTime=1000)
    assert answer == {"symbol": "BTCUSDT", "countdownTime": "1000"}
    made.ws.later(999)
    made.usdm.advance(made.ws.now)
    assert len(made.usdm.orders.store.open()) == 1
    made.ws.later(1)
    made.usdm.advance(made.ws.now)
    assert made.usdm.orders.store.open() == []


def test_every_order_counts_against_the_limit_and_headers_say_so() -> None:
    made = Trader()
    made.venue.order_counts[USDM].set(2, 10, is_rolling=False)
    params = IOC | {"price": "60500", "timestamp": made.ws.now.unix_ms}
    text = urlencode(params)
    text += "&signature=" + sign(made.venue.credentials.secret, text)
    headers = {"X-MBX-APIKEY": made.venue.credentials.key}
    answers = [
        made.venue.handle(Request("POST", "/fapi/v1/order", "", text, headers), made.ws.now) for _ in range(3)
    ]
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert [answer.headers["X-MBX-ORDER-COUNT-10S"] for answer in answers] == ["1", "2", "2"]
    assert answers[2].headers["X-MBX-ORDER-COUNT-1M"] == "2"
    assert json.loads(answers[2].body)["code"] == -1015
    assert int(answers[2].headers["Retry-After"]) >= 1
    assert made.ws.error("order.place", **IOC, price="60500") == (429, -1015)


def test_a_batch_answers_item_by_item() -> None:
    made = Trader()
    rows = [LIMIT | {"price": "59500", "newClientOrderId": "b1"}, LIMIT | {"price": "1"}]
    answers = made.ok("POST", "/fapi/v1/batchOrders", batchOrders=json.dumps(rows))
    assert (answers[0]["clientOrderId"], answers[1]["code"]) == ("b1", -4164)


def test_keys_without_the_right_to_futures_may_only_read() -> None:
    made = Trader()
    key = ed25519_key(Rights(futures=False))
    made.venue.keys.keys[key.key] = key
    made.ws.logon()
    assert made.ws.error("order.place", "", **LIMIT, price="59500") == (401, -2015)
    assert made.ws.ask("v2/account.balance", "")["status"] == 200


SHAPES: list[tuple[str, Callable[[Trader], Any], tuple[str, ...]]] = [
    ("rest_new_order", lambda made: made.ok("POST", "/fapi/v1/order", **LIMIT, price="59500"), ()),
    (
        "rest_query_order",
        lambda made: made.ok("GET", "/fapi/v1/order", symbol="BTCUSDT", origClientOrderId="s1"),
        ("activatePrice", "priceRate"),
    ),
    (
        "rest_cancel_order",
        lambda made: made.ok("DELETE", "/fapi/v1/order", symbol="BTCUSDT", origClientOrderId="s1"),
        ("activatePrice", "priceRate"),
    ),
    (
        "rest_current_all_open_orders",
        lambda made: made.ok("GET", "/fapi/v1/openOrders"),
        ("activatePrice", "priceRate"),
    ),
    ("rest_account_trade_list", lambda made: made.ok("GET", "/fapi/v1/userTrades", symbol="BTCUSDT"), ()),
    ("rest_account_information_v3", lambda made: made.ok("GET", "/fapi/v3/account"), ("marginAvailable",)),
    ("rest_futures_account_balance_v3", lambda made: made.ok("GET", "/fapi/v3/balance"), ()),
    ("rest_position_information_v3", lambda made: made.ok("GET", "/fapi/v3/positionRisk"), ()),
    ("rest_futures_account_configuration", lambda made: made.ok("GET", "/fapi/v1/accountConfig"), ()),
    ("rest_symbol_configuration", lambda made: made.ok("GET", "/fapi/v1/symbolConfig"), ()),
    (
        "rest_user_commission_rate",
        lambda made: made.ok("GET", "/fapi/v1/commissionRate", symbol="BTCUSDT"),
        (),
    ),
    ("rest_query_user_rate_limit", lambda made: made.ok("GET", "/fapi/v1/rateLimit/order"), ()),
    ("rest_get_bnb_burn_status", lambda made: made.ok("GET", "/fapi/v1/feeBurn"), ()),
    ("rest_get_current_position_mode", lambda made: made.ok("GET", "/fapi/v1/positionSide/dual"), ()),
    ("rest_get_funding_rate_history", lambda made: made.ok("GET", "/fapi/v1/fundingRate"), ()),
    ("rest_start_user_data_stream", lambda made: made.ok("POST", "/fapi/v1/listenKey"), ()),
    (
        "rest_cancel_all_open_orders",
        lambda made: made.ok("DELETE", "/fapi/v1/allOpenOrders", symbol="BTCUSDT"),
        (),
    ),
    ("wsapi_new_order", lambda made: made.ws.ask("order.place", **LIMIT, price="59500"), ("id",)),
    ("wsapi_account_information_v2", lambda made: made.ws.ask("v2/account.status"), ("id",)),
]


@pytest.mark.parametrize(("name", "ask", "ignore"), SHAPES, ids=[row[0] for row in SHAPES])
def test_answers_have_the_documented_keys(
    name: str, ask: Callable[[Trader], Any], ignore: tuple[str, ...]
) -> None:
    made = Trader()
    made.take("BUY", "0.010")
    made.ok("POST", "/fapi/v1/order", **LIMIT, price="59500", newClientOrderId="s1")
    same_keys(ask(made), fixture(name), name, set(ignore))


def test_events_have_the_documented_keys() -> None:
    made = Trader()
    key = made.usdm.listen_keys.start(made.ws.now)
    bid, _ = made.touch()
    made.ok("POST", "/fapi/v1/order", **IOC | {"price": bid - 500, "newClientOrderId": "gone"})
    made.take("BUY", "0.010")
    made.ok("POST", "/fapi/v1/leverage", symbol="BTCUSDT", leverage=5)
    told = made.events(f"/private/stream?listenKey={key}")
    assert {event["stream"] for event in told} == {key}
    by_name = {(event["data"]["e"], event["data"].get("o", {}).get("x")): event for event in told}
    orders = ("N", "n")  # of some states only
    same_keys(
        by_name[("ORDER_TRADE_UPDATE", "NEW")], fixture("syn_user_order_trade_update_new"), "new", set(orders)
    )
    same_keys(
        by_name[("ORDER_TRADE_UPDATE", "TRADE")],
        fixture("syn_user_order_trade_update_filled"),
        "trade",
        set(),
    )
    same_keys(
        by_name[("ORDER_TRADE_UPDATE", "EXPIRED")],
        fixture("syn_user_order_trade_update_expired_ioc"),
        "expired",
        set(),
    )
    same_keys(by_name[("TRADE_LITE", None)], fixture("user_or_stream_TradeUpdate"), "lite", set())
    same_keys(by_name[("ACCOUNT_UPDATE", None)], fixture("user_or_stream_AccountUpdate"), "account", set())
    same_keys(by_name[("ACCOUNT_CONFIG_UPDATE", None)], fixture("user_or_stream_Leverage"), "config", set())


def same_keys(mine: Any, theirs: Any, where: str, ignore: set[str]) -> None:
    """Both have the same keys and kinds of values, down to the first row of every list."""
    if isinstance(theirs, dict):
        assert isinstance(mine, dict), where
        assert set(mine) - ignore == set(theirs) - ignore, where
        for name in set(theirs) - ignore:
            same_keys(mine[name], theirs[name], f"{where}.{name}", ignore)
    elif isinstance(theirs, list):
        assert isinstance(mine, list), where
        if theirs and mine:
            same_keys(mine[0], theirs[0], where, ignore)
    else:
        assert type(mine) is type(theirs) or {type(mine), type(theirs)} == {int, float}, (where, mine, theirs)
