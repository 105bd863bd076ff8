"""Bybit's unified account: linear orders over REST, positions, funding, limits, and the private stream."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from arb.simexchange.amounts import down8
from arb.simexchange.bybit_linear import FEES
from arb.simexchange.perpetual import HOUR_MS
from tests.simexchange.bybit_trader import LIMIT, BybitTrader, at

FIXTURES = Path(__file__).resolve().parents[2] / "../shared/fixtures/bybit"
ONE = {"category": "linear", "symbol": "BTCUSDT"}
SPOT = {"category": "spot"}


def fixture(name: str) -> Any:
    file = FIXTURES / f"{name}.json"
    if not file.exists():
        pytest.skip(f"no shared fixtures at {FIXTURES}")
    return json.loads(file.read_text())


def last_order(made: BybitTrader) -> Any:
    return [row for topic, row in made.events() if topic == "order"][-1]


def test_an_order_lives_from_create_over_amend_to_cancel() -> None:
    made = BybitTrader()
    bid, _ = made.touch()
    number = made.create(price=str(bid - 100), orderLinkId="rest-1")["orderId"]
    assert len(number) == 36
    [row] = made.rows("/v5/order/realtime", settleCoin="USDT")
    assert (row["orderId"], row["orderStatus"], row["leavesQty"]) == (number, "New", "0.01")
    made.later(200)
    assert made.ok("POST", "/v5/order/amend", **ONE, orderId=number, qty="0.020", price=str(bid - 200)) == {
        "orderId": number,
        "orderLinkId": "rest-1",
    }
    row = last_order(made)
    assert (row["orderStatus"], row["qty"], Decimal(row["price"])) == ("New", "0.02", bid - 200)
    assert made.code("POST", "/v5/order/amend", **ONE, orderId=number, qty="0.020") == 110026
    assert made.ok("POST", "/v5/order/cancel", **ONE, orderLinkId="rest-1")["orderId"] == number
    row = last_order(made)
    assert (row["orderStatus"], row["cancelType"]) == ("Cancelled", "CancelByUser")
    assert made.code("POST", "/v5/order/cancel", **ONE, orderLinkId="rest-1") == 110010
    assert made.code("POST", "/v5/order/cancel", **ONE, orderLinkId="never") == 110001
    made.later(1_000)
    assert made.code("POST", "/v5/order/create", **LIMIT, price=str(bid), orderLinkId="rest-1") == 110072
    assert [row["orderId"] for row in made.rows("/v5/order/history")] == [number]
    assert made.rows("/v5/order/realtime", settleCoin="USDT") == []
    assert len(made.rows("/v5/order/realtime", settleCoin="USDT", openOnly=1)) == 1
    assert made.code("GET", "/v5/order/realtime", category="linear") == 10001


def test_positions_and_the_shared_wallet_are_exact() -> None:
    made = BybitTrader()
    for side, qty in [
        ("Buy", "0.031"),
        ("Buy", "0.013"),
        ("Sell", "0.007"),
        ("Sell", "0.060"),
        ("Buy", "0.023"),
    ]:
        made.take(side, qty)
        made.check_money()
    assert made.held == 0
    rows = made.rows("/v5/execution/list", **{"execType": "Trade"})
    fees = sum(Decimal(row["execFee"]) for row in rows)
    paid = sum((1 if row["side"] == "Buy" else -1) * Decimal(row["execValue"]) for row in rows)
    assert {row["feeCurrency"] for row in rows} == {"USDT"}
    assert all(Decimal(row["execFee"]) == Decimal(row["execValue"]) * FEES.taker for row in rows)
    assert made.venue.account.total("USDT") == made.opening["USDT"] - paid - fees
    [account] = made.ok("GET", "/v5/account/wallet-balance", accountType="UNIFIED", coin="USDT")["list"]
    assert Decimal(account["coin"][0]["walletBalance"]) == made.venue.account.total("USDT")
    assert account["coin"][0]["availableToWithdraw"] == ""


def test_margin_of_linear_is_not_free_for_spot() -> None:
    made = BybitTrader()
    bid, _ = made.touch("spot")
    assert made.code("POST", "/v5/position/set-leverage", **ONE, buyLeverage="1", sellLeverage="1") == 0
    made.create(price="58000", qty="4.000")  # takes 232,000 of the 250,000
    spot = {"category": "spot", "price": str(bid - 100), "qty": "0.4"}
    assert made.code("POST", "/v5/order/create", **LIMIT | spot) == 170131
    assert made.code("POST", "/v5/order/create", **LIMIT | spot | {"qty": "0.2"}) == 0
    coin = made.ok("GET", "/v5/account/wallet-balance", accountType="UNIFIED", coin="USDT")["list"][0][
        "coin"
    ][0]
    assert Decimal(coin["totalOrderIM"]) == 232_000
    assert Decimal(coin["locked"]) == (bid - 100) * Decimal("0.2")
    # And what spot has locked is no margin.
    assert made.code("POST", "/v5/order/create", **LIMIT | {"price": "58000", "qty": "0.200"}) == 110007


def test_an_amended_spot_order_locks_what_it_needs_now() -> None:
    made = BybitTrader()
    bid, _ = made.touch("spot")
    order = {"category": "spot", "symbol": "BTCUSDT", "orderLinkId": "a1"}
    made.create(category="spot", price=str(bid - 100), orderLinkId="a1")
    account = made.venue.account
    for change in ({"qty": "0.05"}, {"price": str(bid - 300)}, {"qty": "0.002", "price": str(bid - 200)}):
        made.later(200)
        made.ok("POST", "/v5/order/amend", **order, **change)
        row = last_order(made)
        assert account.locked["USDT"] == Decimal(row["price"]) * Decimal(row["qty"])
    assert made.code("POST", "/v5/order/amend", **order, qty="50") == 170131
    assert account.locked["USDT"] == (bid - 200) * Decimal("0.002")
    made.ok("POST", "/v5/order/cancel", **order)
    assert account.free == made.opening


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"symbol": "NOPEUSDT"}, 10001),
        ({"side": "BUY"}, 10001),
        ({"orderType": "Stop"}, 10001),
        ({"timeInForce": "DAY"}, 10001),
        ({"smpType": "Some"}, 10001),
        ({"qty": "0.0105"}, 10001),
        ({"qty": "0"}, 10001),
        ({"qty": "2000"}, 10001),
        ({"price": "60000.05"}, 110003),
        ({"price": "64000"}, 30208),
        ({"side": "Sell", "price": "56000"}, 30209),
        ({"qty": "0.001", "price": "4000"}, 110094),
        ({"qty": "100"}, 110007),
        ({"reduceOnly": True}, 110017),
        ({"positionIdx": 1}, 10001),
        ({"orderLinkId": "with space"}, 10001),
        ({"orderLinkId": "taken"}, 110072),
        ({"category": "inverse"}, 10001),
        ({"triggerPrice": "59000"}, 10001),
    ],
)
def test_bad_orders_get_the_documented_code(change: dict[str, Any], code: int) -> None:
    made = BybitTrader()
    made.create(price="58000", orderLinkId="taken")
    made.later(1_000)
    assert made.code("POST", "/v5/order/create", **LIMIT | {"price": "58000"} | change) == code
    assert len(made.linear.orders.store.open()) == 1
    assert made.venue.account.free == made.opening


@pytest.mark.parametrize(
    ("change", "status", "reason", "cancel_type"),
    [
        ({"timeInForce": "PostOnly", "far": 50}, "Cancelled", "EC_PostOnlyWillTakeLiquidity", "UNKNOWN"),
        ({"timeInForce": "IOC", "far": -50}, "Cancelled", "EC_NoImmediateQtyToFill", "UNKNOWN"),
        ({"timeInForce": "FOK", "far": 1, "qty": "3"}, "Cancelled", "EC_CancelForNoFullFill", "UNKNOWN"),
        ({"timeInForce": "IOC", "far": 1, "qty": "3"}, "Cancelled", "EC_CancelForNoFullFill", "UNKNOWN"),
        ({"timeInForce": "GTC", "far": 50}, "Filled", "EC_NoError", "UNKNOWN"),
    ],
)
def test_what_matching_decides_comes_after_the_acceptance(
    change: dict[str, Any], status: str, reason: str, cancel_type: str
) -> None:
    made = BybitTrader()
    _, ask = made.touch()
    price = str(ask + change.pop("far"))
    made.create(**change, price=price)
    row = last_order(made)
    assert (row["orderStatus"], row["rejectReason"], row["cancelType"]) == (status, reason, cancel_type)


def test_spot_says_partially_filled_canceled() -> None:
    made = BybitTrader()
    _, ask = made.touch("spot")
    made.create(**SPOT, timeInForce="IOC", price=str(ask), qty="3")
    assert last_order(made)["orderStatus"] == "PartiallyFilledCanceled"
    assert made.code("POST", "/v5/order/create", **LIMIT | SPOT, price=str(ask), isLeverage=1) == 170344


@pytest.mark.parametrize(
    ("mode", "ended"),
    [
        ("CancelTaker", {"taker"}),
        ("CancelMaker", {"maker"}),
        ("CancelBoth", {"taker", "maker"}),
        ("None", set()),
    ],
)
def test_self_trades_are_prevented_as_asked(mode: str, ended: set[str]) -> None:
    made = BybitTrader()
    bid, ask = made.touch()
    price = ask - Decimal("0.1")
    assert price > bid, "nobody else is between the two"
    made.create(side="Sell", price=str(price), orderLinkId="maker")
    made.create(side="Buy", price=str(price), orderLinkId="taker", smpType=mode)
    rows = {row["orderLinkId"]: row for topic, row in made.events() if topic == "order"}
    assert rows["taker"]["smpType"] == mode
    for name, row in rows.items():
        told = (row["orderStatus"], row["cancelType"], row["rejectReason"])
        if name in ended:
            assert told == ("Cancelled", "CancelBySmp", "EC_BySelfMatch")
        else:
            assert told == ("New" if ended else "Filled", "UNKNOWN", "EC_NoError")


def test_a_cancel_that_crosses_the_fill_is_told_as_a_second_filled() -> None:
    made = BybitTrader()
    _, ask = made.touch()
    number = made.create(price=str(ask - 50), orderLinkId="race")["orderId"]
    made.events()
    lots = int(Decimal("0.010") / Decimal("0.001"))
    ticks = int((ask - 50) / Decimal("0.1"))
    events = made.linear.matching.move_background("BTCUSDT", [(1, ticks, 5 * lots)], [], made.now.unix_ms)
    made.venue._announce(events, made.now)
    assert made.ok("POST", "/v5/order/cancel", **ONE, orderId=number)["orderId"] == number
    rows = [row for topic, row in made.events() if topic == "order"]
    assert [row["orderStatus"] for row in rows] == ["Filled", "Filled"]
    assert (rows[1]["cancelType"], rows[1]["rejectReason"]) == ("CancelByUser", "EC_OrigClOrdIDDoesNotExist")
    made.later(10)
    assert made.code("POST", "/v5/order/cancel", **ONE, orderId=number) == 110008
    assert made.held == Decimal("0.010")


def test_reduce_only_closes_what_is_there() -> None:
    made = BybitTrader()
    made.take("Buy", "0.010")
    made.events()
    made.take("Sell", "0.030", reduceOnly=True, timeInForce="GTC")
    row = last_order(made)
    assert (row["cumExecQty"], row["cancelType"], row["reduceOnly"]) == ("0.01", "CancelByReduceOnly", True)
    assert made.held == 0
    assert made.code("POST", "/v5/order/create", **LIMIT, price="60000", reduceOnly=True) == 110017


def test_the_stream_tells_executions_order_position_and_wallet() -> None:
    made = BybitTrader()
    made.take("Sell", "0.010", orderLinkId="s1")
    events = made.events()
    assert {topic for topic, _ in events} == {"order", "execution", "position", "wallet"}
    by_topic = dict(events)
    assert by_topic["position"]["side"] == "Sell"
    assert by_topic["position"]["size"] == "0.01"
    assert by_topic["order"]["category"] == by_topic["execution"]["category"] == "linear"
    assert by_topic["execution"]["execType"] == "Trade"
    [listed] = made.rows("/v5/execution/list", orderLinkId="s1")
    assert listed["execId"] == by_topic["execution"]["execId"]
    [coin] = [row for row in by_topic["wallet"]["coin"] if row["coin"] == "USDT"]
    assert Decimal(coin["walletBalance"]) == made.venue.account.total("USDT")
    assert Decimal(coin["totalPositionIM"]) > 0
    # Told with every action, also when it is as it was.
    made.create(price="58000")
    assert [row["size"] for topic, row in made.events() if topic == "position"] == ["0.01"]


@pytest.mark.parametrize("category", ["spot", "linear"])
def test_categorised_topics_tell_of_their_category_alone(category: str) -> None:
    made = BybitTrader((f"order.{category}", f"execution.{category}"))
    bid, _ = made.touch("spot")
    made.create(price="58000")
    made.create(category="spot", price=str(bid - 1000))
    assert [(topic, row["category"]) for topic, row in made.events()] == [("order", category)]


def test_leverage_and_position_mode_are_settings() -> None:
    made = BybitTrader()
    lever = {"buyLeverage": "20", "sellLeverage": "20"}
    path = "/v5/position/set-leverage"
    assert made.code("POST", path, **ONE, buyLeverage="20", sellLeverage="10") == 10001
    assert made.code("POST", path, **ONE, buyLeverage="200", sellLeverage="200") == 110013
    assert made.code("POST", path, **ONE, **lever) == 0
    assert made.code("POST", path, **ONE, **lever) == 110043
    assert made.events()[0][1]["leverage"] == "20"
    [row] = made.rows("/v5/position/list", symbol="BTCUSDT")
    assert (row["leverage"], row["side"], row["size"], row["positionIdx"]) == ("20", "", "0", 0)
    assert made.rows("/v5/position/list", settleCoin="USDT") == []
    mode = {"category": "linear", "coin": "USDT"}
    made.later(1_000)
    assert made.code("POST", "/v5/position/switch-mode", **mode, mode=0) == 110025
    made.take("Buy", "0.010")
    assert made.code("POST", "/v5/position/switch-mode", **mode, mode=3) == 110024
    made.take("Sell", "0.010")
    assert made.code("POST", "/v5/position/switch-mode", **mode, mode=3) == 0
    assert [row["positionIdx"] for row in made.rows("/v5/position/list", symbol="BTCUSDT")] == [1, 2]
    answer, _ = made.rest("POST", "/v5/order/create", **LIMIT, price="58000", positionIdx=0)
    assert (answer["retCode"], answer["retMsg"]) == (10001, "position idx not match position mode")


def test_funding_is_charged_when_the_interval_ends() -> None:
    made = BybitTrader()
    made.take("Buy", "0.100")
    made.events()
    before = made.venue.account.total("USDT")
    due = made.linear.perpetuals["BTCUSDT"].next_funding_ms(made.now.unix_ms)
    made.venue.advance(made.now)
    made.now = at(made, due)
    made.venue.advance(made.now)
    made.later(10)
    [payment] = made.linear.fundings
    assert payment.paid == down8(payment.qty * payment.mark * payment.rate)
    assert made.venue.account.total("USDT") == before - payment.paid
    made.check_money()
    [row] = made.rows("/v5/execution/list", execType="Funding")
    assert Decimal(row["execFee"]) == payment.paid
    assert Decimal(row["feeRate"]) == payment.rate
    assert (row["execType"], row["orderLinkId"], row["feeCurrency"]) == ("Funding", "", "USDT")
    history = made.rows("/v5/market/funding/history", symbol="BTCUSDT")
    assert history[0]["fundingRateTimestamp"] == str(due)
    made.now = at(made, due + 8 * HOUR_MS - 1)
    made.venue.advance(made.now)
    assert len(made.linear.fundings) == 1


def test_funding_comes_on_the_private_stream() -> None:
    made = BybitTrader()
    made.take("Sell", "0.100")
    made.events()
    made.linear.fund("BTCUSDT", made.now)
    events = made.events()
    assert [topic for topic, _ in events] == ["execution", "position", "wallet"]
    assert events[0][1]["execType"] == "Funding"
    assert events[0][1]["side"] == "Sell"


def test_the_venue_may_close_a_position_itself() -> None:
    for kind, word in (("liquidation", "BustTrade"), ("adl", "AdlTrade")):
        made = BybitTrader()
        assert made.venue.force_close("linear", "BTCUSDT", Decimal(1), kind, made.now) is None
        made.take("Buy", "0.020")
        made.events()
        assert made.venue.force_close("linear", "BTCUSDT", Decimal("0.005"), kind, made.now)
        rows = [row for topic, row in made.events() if topic == "execution"]
        assert {row["execType"] for row in rows} == {word}
        assert {row["orderLinkId"] for row in rows} == {""}
        assert made.held == Decimal("0.015")


@pytest.mark.parametrize("market", ["spot", "linear"])
def test_fees_may_be_paid_in_mnt(market: str) -> None:
    made = BybitTrader()
    assert made.venue.use_fee_asset(market, "MNT", Decimal(100), Decimal("0.5"))
    made.take("Buy", "0.010", category=market)
    row = last_order(made)
    assert set(row["cumFeeDetail"]) == {"MNT"}
    assert made.venue.account.free["MNT"] == 100 - Decimal(row["cumFeeDetail"]["MNT"])
    made.check_money()
    listed = made.rows("/v5/execution/list", category=market)
    assert {row["feeCurrency"] for row in listed} == {"MNT"}
    made.ok("GET", "/v5/account/wallet-balance", accountType="UNIFIED")


def test_limits_are_those_of_each_endpoint_and_told_in_headers() -> None:
    made = BybitTrader()
    codes = []
    for _ in range(12):
        answer, headers = made.rest("POST", "/v5/order/create", **LIMIT, price="58000")
        codes.append((answer["retCode"], headers["X-Bapi-Limit"], headers["X-Bapi-Limit-Status"]))
    assert codes == [(0, "10", str(left)) for left in range(9, -1, -1)] + [(10006, "10", "0")] * 2
    assert int(headers["X-Bapi-Limit-Reset-Timestamp"]) == made.now.unix_ms + 1_000
    bid, _ = made.touch("spot")
    spot = LIMIT | SPOT | {"price": str(bid - 100), "qty": "0.001"}
    assert made.rest("POST", "/v5/order/create", **spot)[1]["X-Bapi-Limit"] == "20"
    assert made.code("POST", "/v5/order/cancel-all", category="linear", settleCoin="USDT") == 0
    made.later(999)
    assert made.code("POST", "/v5/order/create", **LIMIT, price="58000") == 10006
    made.later(1)
    assert made.code("POST", "/v5/order/create", **LIMIT, price="58000") == 0


def test_a_batch_counts_its_orders_and_the_part_over_the_limit_fails() -> None:
    made = BybitTrader()
    orders = [LIMIT | {"price": "58000", "orderLinkId": f"b{n}"} for n in range(12)]
    orders[1] |= {"qty": "0"}
    answer, _ = made.rest("POST", "/v5/order/create-batch", category="linear", request=orders)
    codes = [item["code"] for item in answer["retExtInfo"]["list"]]
    assert codes == [0, 10001, *[0] * 8, 10006, 10006]
    assert [bool(row["orderId"]) for row in answer["result"]["list"]] == [code == 0 for code in codes]
    # Single orders have a counter of their own.
    assert made.code("POST", "/v5/order/create", **LIMIT, price="58000") == 0
    many = [ONE | {"orderLinkId": "b0"}, ONE | {"orderLinkId": "b1"}]
    answer, _ = made.rest("POST", "/v5/order/cancel-batch", category="linear", request=many)
    assert [item["code"] for item in answer["retExtInfo"]["list"]] == [0, 110001]
    answer, _ = made.rest("POST", "/v5/order/create-batch", category="linear", request=[{}] * 21)
    assert answer["retCode"] == 10001
    assert len(made.ok("POST", "/v5/order/cancel-all", **ONE)["list"]) == 9


def test_lists_come_in_pages() -> None:
    made = BybitTrader()
    numbers = [made.create(price="58000")["orderId"] for _ in range(5)]
    first = made.ok("GET", "/v5/order/realtime", **ONE, limit=3)
    assert first["nextPageCursor"]
    cursor = unquote(first["nextPageCursor"])
    second = made.ok("GET", "/v5/order/realtime", **ONE, limit=3, cursor=cursor)
    assert second["nextPageCursor"] == ""
    assert [row["orderId"] for row in first["list"] + second["list"]] == numbers[::-1]


def test_what_independent_clients_ask_for_is_there() -> None:
    made = BybitTrader()
    for status in ("Trading", "PreLaunch"):
        rows = made.rows("/v5/market/instruments-info", status=status)
        assert len(rows) == (2 if status == "Trading" else 0)
    for category in ("inverse", "option"):
        assert made.rows("/v5/market/instruments-info", category=category) == []
        assert made.rows("/v5/market/tickers", category=category) == []
    assert made.ok("GET", "/v5/asset/coin/query-info")["rows"]
    assert made.ok("GET", "/v5/user/query-api")["uta"] == 1
    assert made.ok("GET", "/v5/account/info")["unifiedMarginStatus"] >= 3
    rates = made.rows("/v5/account/fee-rate")
    assert {(row["makerFeeRate"], row["takerFeeRate"]) for row in rates} == {("0.0002", "0.00055")}


@pytest.mark.parametrize("name", ["rest_position_list", "ws_private_position"])
def test_positions_have_the_documented_fields(name: str) -> None:
    made = BybitTrader()
    made.take("Buy", "0.010")
    documented = fixture(name)
    rows = documented["data"] if name.startswith("ws") else documented["result"]["list"]
    told = (
        dict(made.events())["position"]
        if name.startswith("ws")
        else made.rows("/v5/position/list", symbol="BTCUSDT")[0]
    )
    assert set(told) == set(rows[0])


def test_wallet_and_executions_have_the_documented_fields() -> None:
    made = BybitTrader()
    made.take("Buy", "0.010")
    told = dict(made.events())
    made.linear.fund("BTCUSDT", made.now)
    funding = dict(made.events())["execution"]
    for topic in ("wallet", "execution"):
        assert set(told[topic]) == set(fixture(f"ws_private_{topic}")["data"][0])
    assert set(funding) == set(told["execution"])
    assert set(told["wallet"]["coin"][0]) == set(fixture("ws_private_wallet")["data"][0]["coin"][0])
