"""Every message has the fields of the documented example of its kind."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest

from arb.simexchange import binance_shapes, bybit_shapes
from arb.simexchange.binance_instruments import exchange_info
from arb.simexchange.binance_venue import BinanceVenue
from arb.simexchange.bybit_venue import BybitVenue
from arb.simexchange.messages import PRIVATE, Message, Request
from arb.simexchange.orders import Order
from arb.simexchange.spec import LINEAR, PERPETUAL_LISTINGS, SPOT, SPOT_LISTINGS, USDM, WorldSpec
from arb.simexchange.world import World
from tests.simexchange.support import CALM, START

FIXTURES = Path(__file__).resolve().parents[2] / "../shared/fixtures"
pytestmark = pytest.mark.skipif(not FIXTURES.exists(), reason="the fixtures of shared/fixtures are not here")


def fixture(name: str) -> Any:
    return json.loads((FIXTURES / f"{name}.json").read_text())


def same_shape(ours: Any, theirs: Any, where: str, ignore: frozenset[str]) -> None:
    """Each documented field is there with the same JSON type; lists are compared by their first element."""
    if isinstance(theirs, dict):
        assert isinstance(ours, dict), where
        for key, value in theirs.items():
            if key not in ignore:
                assert key in ours, f"{where}.{key} is missing"
                same_shape(ours[key], value, f"{where}.{key}", ignore)
    elif isinstance(theirs, list):
        assert isinstance(ours, list), where
        if ours and theirs:
            same_shape(ours[0], theirs[0], f"{where}[]", ignore)
    elif theirs is not None and ours is not None:
        assert type(ours) is type(theirs), f"{where}: {ours!r} instead of {theirs!r}"


def check(ours: Any, name: str, *ignore: str) -> None:
    same_shape(ours, fixture(name), name, frozenset(ignore))


def world() -> World:
    made = World(WorldSpec(seed=3, market=CALM, listings=SPOT_LISTINGS + PERPETUAL_LISTINGS), START)
    made.advance(START.plus(10_000_000))
    return made


def order_at(venue: BinanceVenue | BybitVenue, is_buy: bool, offset: int, tif: str, number: int) -> Order:
    """An order `offset` ticks beyond the other side's best price."""
    listing = venue.books[SPOT]["BTCUSDT"].listing
    top = venue.books[SPOT]["BTCUSDT"].best(not is_buy)
    assert top
    price = top[0] + listing.tick * (offset if is_buy else -offset)
    qty = Decimal("0.01")
    return Order(number, f"shape{number}", listing, is_buy, "LIMIT", tif, price, qty, START.unix_ms)


def private(venue: BinanceVenue | BybitVenue) -> list[tuple[str, Any]]:
    venue.render()
    taken = venue.outbox.take(1 << 62)
    assert all(message.channel == PRIVATE for message in taken)
    return [(message.kind, orjson.loads(message.payload)) for message in taken]


def test_binance_order_answers() -> None:
    made = world()
    order = order_at(made.binance, True, 10, "IOC", 1)
    made.binance.matching.place(order, START.unix_ms)
    assert order.fills
    check(binance_shapes.new_order(order, "FULL", 1), "binance_spot/rest_new_order_full")
    check(binance_shapes.new_order(order, "RESULT", 1), "binance_spot/rest_new_order_result")
    check(binance_shapes.new_order(order, "ACK", 1), "binance_spot/rest_new_order_ack")
    check(binance_shapes.canceled_order(order, "x", 1), "binance_spot/rest_cancel_order")
    check(binance_shapes.queried_order(order), "binance_spot/rest_query_order")
    check([binance_shapes.queried_order(order)], "binance_spot/rest_open_orders")
    check([binance_shapes.my_trade(order, order.fills[0])], "binance_spot/rest_my_trades")


def test_binance_account_and_instruments() -> None:
    made = world()
    check(
        binance_shapes.account(made.binance.account, made.spec.fees, 1, omit_zero=False),
        "binance_spot/rest_account",
    )
    check(binance_shapes.commission("BTCUSDT", made.spec.fees, None), "binance_spot/rest_commission")
    info = exchange_info([SPOT_LISTINGS[0]], 1, 6000, [])
    check(info, "binance_spot/rest_exchange_info", "sors", "rateLimits", "filters")
    theirs = {
        row["filterType"]: row for row in fixture("binance_spot/rest_exchange_info")["symbols"][0]["filters"]
    }
    symbols: Any = info["symbols"]
    for row in symbols[0]["filters"]:
        same_shape(row, theirs[row["filterType"]], row["filterType"], frozenset())


def test_binance_events() -> None:
    made = world()
    venue = made.binance
    for number, (offset, tif) in enumerate([(10, "IOC"), (-100_000, "IOC"), (-100_000, "GTC")], start=1):
        order = order_at(venue, True, offset, tif, number)
        events = venue.matching.place(order, START.unix_ms)
        assert isinstance(events, list)
        venue._announce(events, START, "")
    venue._announce([venue.matching.cancel(order, START.unix_ms)], START, "cancel1")
    seen = {event.get("x", event["e"]): event for _, event in private(venue)}
    wrap = {"subscriptionId": 0}
    check(wrap | {"event": seen["NEW"]}, "binance_spot/user_executionReport_new", "v")
    check(wrap | {"event": seen["TRADE"]}, "binance_spot/syn_user_executionReport_trade_partial")
    check(wrap | {"event": seen["EXPIRED"]}, "binance_spot/syn_user_executionReport_expired_ioc")
    check(wrap | {"event": seen["CANCELED"]}, "binance_spot/syn_user_executionReport_canceled")
    assert (seen["CANCELED"]["c"], seen["CANCELED"]["C"]) == ("cancel1", "shape3")
    check(wrap | {"event": seen["outboundAccountPosition"]}, "binance_spot/user_outboundAccountPosition")


def public(made: World, streams: dict[tuple[str, str], list[str]], steps: int = 400) -> dict[str, Any]:
    for (venue, market), names in streams.items():
        for name in names:
            made.venues[venue].wanted[market].add(name)
    seen: dict[str, Message] = {}
    for step in range(2, steps):
        for message in made.advance(START.plus(step * 10_000_000)):
            seen[f"{message.market}:{message.stream}"] = message
    return {name: orjson.loads(message.payload) for name, message in seen.items()}


def test_binance_streams() -> None:
    names = [
        "btcusdt@depth@100ms",
        "btcusdt@bookTicker",
        "btcusdt@trade",
        "btcusdt@aggTrade",
        "btcusdt@depth5@100ms",
    ]
    futures = [*names[:2], "btcusdt@aggTrade", "btcusdt@markPrice@1s"]
    seen = public(world(), {("binance", SPOT): names, ("binance", USDM): futures})
    check(seen["spot:btcusdt@depth@100ms"], "binance_spot/ws_depth_update")
    check(seen["spot:btcusdt@bookTicker"], "binance_spot/ws_book_ticker")
    check(seen["spot:btcusdt@trade"], "binance_spot/ws_trade")
    check(seen["spot:btcusdt@depth5@100ms"], "binance_spot/ws_partial_depth")
    check(seen["spot:btcusdt@aggTrade"], "binance_spot/ws_agg_trade", "M")
    check({"data": seen["usdm:btcusdt@depth@100ms"]}, "binance_usdm/user_or_stream_Book", "stream")
    check({"data": seen["usdm:btcusdt@bookTicker"]}, "binance_usdm/user_or_stream_BookTicker", "stream")
    check(seen["usdm:btcusdt@aggTrade"], "binance_usdm/ws_aggregate_trade_streams")
    check(seen["usdm:btcusdt@markPrice@1s"], "binance_usdm/ws_mark_price_stream")


@pytest.mark.parametrize(
    ("path", "name", "ignore"),
    [
        ("time", "rest_check_server_time", ()),
        ("exchangeInfo", "rest_exchange_info_synthetic", ()),
        ("depth", "rest_order_book", ()),
        ("ticker/bookTicker", "rest_symbol_order_book_ticker", ()),
        ("premiumIndex", "rest_mark_price", ()),
        ("fundingInfo", "rest_get_funding_rate_info", ()),
    ],
)
def test_usdm_rest(path: str, name: str, ignore: tuple[str, ...]) -> None:
    query = "" if path in ("time", "exchangeInfo", "fundingInfo") else "symbol=BTCUSDT"
    answer = world().binance.handle(Request("GET", f"/fapi/v1/{path}", query, "", {}), START)
    assert answer.status == 200
    check(orjson.loads(answer.body), f"binance_usdm/{name}", *ignore)


def test_bybit_streams() -> None:
    names = [f"orderbook.{depth}.BTCUSDT" for depth in (1, 50, 200, 1000)] + ["publicTrade.BTCUSDT"]
    made = world()
    seen = public(made, {("bybit", SPOT): names})
    check(seen["spot:spot/orderbook.50.BTCUSDT"], "bybit/ws_orderbook_delta")
    check(seen["spot:spot/orderbook.1.BTCUSDT"], "bybit/syn_ws_orderbook_l1_snapshot")
    check(seen["spot:spot/publicTrade.BTCUSDT"], "bybit/ws_public_trade")
    first = made.bybit.feeds[SPOT].first("orderbook.200.BTCUSDT", START)
    assert first
    check(orjson.loads(first), "bybit/ws_orderbook_snapshot_shape")
    ticker = made.bybit.feeds[SPOT].first("tickers.BTCUSDT", START)
    assert ticker
    check(orjson.loads(ticker), "bybit/ws_ticker_spot", "usdIndexPrice")
    linear = made.bybit.feeds[LINEAR]
    ticker = linear.first("tickers.BTCUSDT", START)
    assert ticker
    check(orjson.loads(ticker), "bybit/ws_ticker_linear_snapshot")
    row = fixture("bybit/rest_tickers_inverse_same_shape_as_linear")["result"]["list"][0]
    same_shape(linear.rest_ticker("BTCUSDT", START), row, "ticker", frozenset())
    book = orjson.loads(orjson.dumps(made.bybit.feeds[SPOT].rest_book("BTCUSDT", 5)))
    same_shape(book, fixture("bybit/rest_orderbook_spot")["result"], "orderbook", frozenset())


def test_bybit_orders_and_events() -> None:
    made = world()
    venue = made.bybit
    for number, (offset, tif) in enumerate([(10, "IOC"), (-10_000, "IOC"), (-10_000, "GTC")], start=1):
        order = order_at(venue, True, offset, tif, number)
        events = venue.matching.place(order, START.unix_ms)
        assert isinstance(events, list)
        venue._announce(events, START)
        row = bybit_shapes.order(order) | {"category": "spot"}
        theirs = fixture("bybit/rest_order_realtime")["result"]["list"][0]
        same_shape(row, theirs, "order", frozenset({"cumFeeDetail"}))
    by_kind: dict[str, list[Any]] = {}
    for kind, event in private(venue):
        by_kind.setdefault(kind, []).append(event)
    statuses = [event["data"][0]["orderStatus"] for event in by_kind["order"]]
    assert statuses == ["Filled", "Cancelled", "New"]
    for event in by_kind["order"]:
        check(event, "bybit/syn_ws_private_order_new", "cumFeeDetail")
    check(by_kind["execution"][0], "bybit/ws_private_execution", "extraFees")
    check(by_kind["wallet"][0], "bybit/ws_private_wallet")


def test_bybit_instruments() -> None:
    spot = fixture("bybit/rest_instruments_spot")["result"]["list"][0]
    same_shape(bybit_shapes.instrument(SPOT_LISTINGS[1]), spot, "spot", frozenset({"symbolId"}))
    linear = fixture("bybit/rest_instruments_linear")["result"]["list"][0]
    same_shape(bybit_shapes.instrument(PERPETUAL_LISTINGS[1]), linear, "linear", frozenset({"symbolId"}))
