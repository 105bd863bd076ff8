"""Binance orders on the WebSocket API and on REST: what leaves, by which way, and what each answer means."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
from typing import Any
from urllib.parse import unquote

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from arb.venues.base import (
    CancelOutcome,
    ErrorClass,
    Lane,
    NotSent,
    QueryKind,
    RateLimit,
    Side,
    StreamCause,
    StreamKind,
    StreamState,
    TimeInForce,
)
from arb.venues.binance.signing import ws_signature

from .binance_setup import (
    ED25519_PEM,
    RATE_LIMITS,
    SPOT_INFO,
    SPOT_SYMBOL,
    USDM_SYMBOL,
    connect,
    measure,
    order,
    query_of,
    spot,
    usdm,
)
from .fixtures import fixture
from .setup import KEY, SECRET, Bench
from .test_orders import B_ORDER, B_TRADE, COID, FULL

UP = ("stream", StreamKind.order, StreamState.up, StreamCause.none)
U_ORDER: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "orderId": 28,
    "clientOrderId": COID,
    "executedQty": "0.3",
    "origQty": "0.5",
    "status": "EXPIRED",
    "updateTime": 2,
}
BOTH = pytest.mark.parametrize(("make", "symbol"), [(spot, SPOT_SYMBOL), (usdm, USDM_SYMBOL)])


def hmac_hex(text: str) -> str:
    return hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()


def answer(bench: Bench, result: Any, **more: Any) -> None:
    socket = bench.sockets.last
    socket.say({"id": socket.sent[-1]["id"], "status": 200, "result": result, **more})


def refuse(bench: Bench, code: int, msg: str = "", status: int = 400, **data: Any) -> None:
    socket = bench.sockets.last
    error: dict[str, Any] = {"code": code, "msg": msg}
    socket.say(
        {
            "id": socket.sent[-1]["id"],
            "status": status,
            "error": {**error, **({"data": data} if data else {})},
        }
    )


# What leaves.


@pytest.mark.parametrize(
    ("make", "symbol", "reduce_only"),
    [(spot, SPOT_SYMBOL, False), (usdm, USDM_SYMBOL, False), (usdm, USDM_SYMBOL, True)],
)
@pytest.mark.parametrize("tif", list(TimeInForce))
def test_a_frame_is_signed_over_its_sorted_parameters(
    make: Any, symbol: str, reduce_only: bool, tif: TimeInForce
) -> None:
    bench = make()
    assert bench.orders.place(order(symbol=symbol, tif=tif, reduce_only=reduce_only)) is None
    [frame] = bench.sockets.last.sent
    assert frame["method"] == "order.place"
    params = dict(frame["params"])
    signature = params.pop("signature")
    assert signature == hmac_hex("&".join(f"{name}={params[name]}" for name in sorted(params)))
    kind = (
        ("LIMIT_MAKER", None)
        if (make, tif) == (spot, TimeInForce.post_only)
        else (
            "LIMIT",
            {"ioc": "IOC", "gtc": "GTC", "fok": "FOK", "post_only": "GTX"}[tif.value],
        )
    )
    expected = {
        "apiKey": KEY,
        "newClientOrderId": COID,
        "newOrderRespType": "FULL" if make is spot else "RESULT",
        "price": "60000.1",
        "quantity": "0.5",
        "recvWindow": 1000,
        "selfTradePreventionMode": "EXPIRE_TAKER",
        "side": "BUY",
        "symbol": "BTCUSDT",
        "timestamp": bench.venue.clock_ms(),
        "type": kind[0],
    }
    if kind[1] is not None:
        expected["timeInForce"] = kind[1]
    if reduce_only:
        expected["reduceOnly"] = "true"
    assert params == expected
    assert "positionSide" not in params, "one-way mode names none"


def test_a_session_logs_on_once_and_signs_nothing_after() -> None:
    bench = spot(ed25519=True)
    logon, *rest = bench.sockets.last.sent
    assert rest == []
    assert logon["method"] == "session.logon"
    params = dict(logon["params"])
    signature = base64.b64decode(params.pop("signature"))
    key = load_pem_private_key(ED25519_PEM.encode(), None)
    payload = "&".join(f"{name}={params[name]}" for name in sorted(params)).encode()
    key.public_key().verify(signature, payload)  # type: ignore[union-attr, call-arg]
    assert bench.orders.place(order()) is None
    assert bench.orders.cancel(COID, SPOT_SYMBOL) is None
    for frame in bench.sockets.last.sent[1:]:
        assert not {"apiKey", "signature"} & set(frame["params"])
        assert frame["params"]["timestamp"] == bench.venue.clock_ms()


def test_without_a_session_an_ed25519_key_signs_every_message_and_rest_encodes_the_signature() -> None:
    bench = usdm(ed25519=True)
    key: Any = load_pem_private_key(ED25519_PEM.encode(), None)
    bench.orders.place(order(symbol=USDM_SYMBOL))
    params = dict(bench.sockets.last.sent[-1]["params"])
    signature = base64.b64decode(params.pop("signature"))
    key.public_key().verify(signature, "&".join(f"{n}={params[n]}" for n in sorted(params)).encode())
    bench = usdm(ed25519=True, up=False)
    bench.orders.place(order(symbol=USDM_SYMBOL))
    body = bench.http.next("POST").request.body
    assert body is not None
    payload, _, encoded = body.decode().rpartition("&signature=")
    assert not set("+/=") & set(encoded)
    key.public_key().verify(base64.b64decode(unquote(encoded)), payload.encode())


def test_usdm_logs_on_only_behind_its_switch() -> None:
    assert usdm(ed25519=True).sockets.last.sent == []
    assert usdm(ed25519=True, usdm_logon=True).sockets.last.sent[0]["method"] == "session.logon"


def test_the_template_signs_what_the_generic_recipe_signs() -> None:
    bench = spot()
    for number, (side, tif) in enumerate(itertools.product(Side, TimeInForce)):
        request = order(f"acoid{number}", tif=tif)
        request = type(request)(request.coid, request.symbol, side, "0.25", "1.5", tif)
        bench.orders.place(request)
        params = dict(bench.sockets.last.sent[-1]["params"])
        signature = params.pop("signature")
        assert signature == ws_signature(bench.venue._rest.signer, params)


# Which transport.


@BOTH
def test_orders_go_by_the_channel_while_it_is_up_and_by_rest_while_it_is_not(make: Any, symbol: str) -> None:
    bench = make()
    bench.orders.place(order("a1", symbol))
    assert not bench.http.open
    bench.sockets.last.end()
    bench.orders.place(order("a2", symbol))
    [request] = bench.http.requests
    assert request.method == "POST"
    assert b"newClientOrderId=a2" in (request.body or b"")
    bench.clock.advance(1.0)
    bench.sockets.last.open()
    bench.orders.place(order("a3", symbol))
    assert bench.sockets.last.sent[-1]["params"]["newClientOrderId"] == "a3"
    assert len(bench.http.requests) == 1


def test_rest_alone_opens_no_channel() -> None:
    bench = spot(up=False, order_transport="rest")
    bench.orders.start()
    assert bench.sockets.sockets == []
    assert bench.orders.place(order()) is None
    assert bench.http.next("POST")


def test_the_channel_alone_sends_no_order_by_rest() -> None:
    bench = spot(order_transport="ws")
    assert bench.orders.ready([order()]) is None
    bench.sockets.last.end()
    assert bench.orders.ready([order()]) == NotSent("the order channel is down")
    assert bench.orders.place(order()) == NotSent("the order channel is down")
    assert bench.orders.cancel(COID, SPOT_SYMBOL) is None
    assert [r.method for r in bench.http.requests] == ["DELETE"]


def test_a_channel_that_takes_nothing_at_the_last_moment_is_no_repetition() -> None:
    for transport, refused in (("auto", None), ("ws", NotSent("the order channel went down"))):
        bench = spot(order_transport=transport)
        bench.sockets.last.send = lambda text: False  # type: ignore[method-assign]
        assert bench.orders.ready([order()]) is None
        assert bench.orders.place(order()) == refused
        assert len(bench.http.requests) == (1 if refused is None else 0)
        assert bench.orders.channel.in_flight == 0


@BOTH
def test_what_was_in_flight_is_unknown_and_never_sent_again(make: Any, symbol: str) -> None:
    bench = make()
    bench.orders.place(order(symbol=symbol))
    bench.clock.advance(0.0)
    bench.sockets.last.end()
    log = bench.events.take()
    assert [entry[:2] for entry in log] == [
        ("sent", COID),
        ("unknown", COID),
        ("stream", StreamKind.order),
    ]
    bench.clock.advance(60.0)
    assert bench.http.requests == []
    assert all(frame.get("method") != "order.place" for s in bench.sockets.sockets[1:] for frame in s.sent)


@BOTH
def test_cancels_and_queries_in_flight_are_repeated_by_rest(make: Any, symbol: str) -> None:
    bench = make()
    assert bench.orders.cancel(COID, symbol) is None
    assert bench.orders.query(COID, symbol) is None
    cancel, query = bench.sockets.last.sent
    assert (cancel["method"], query["method"]) == ("order.cancel", "order.status")
    for frame in (cancel, query):
        assert (frame["params"]["symbol"], frame["params"]["origClientOrderId"]) == ("BTCUSDT", COID)
    bench.sockets.last.end()
    bench.http.answer("DELETE", {"status": "CANCELED"})
    bench.http.answer("GET", {"code": -2013, "msg": "Order does not exist."}, 400)
    log = [entry for entry in bench.events.take() if entry[0] != "stream"]
    assert [(entry[0], entry[2]) for entry in log[:1]] == [("cancel", CancelOutcome.accepted)]
    assert log[1][2].kind is QueryKind.absent
    assert all(query_of(r.url)["origClientOrderId"] == COID for r in bench.http.requests)


# What answers mean.


def test_a_full_answer_on_the_channel_is_sent_ack_fills_and_the_order() -> None:
    bench = spot()
    bench.orders.place(order())
    assert bench.events.log == [], "called back from inside place"
    answer(bench, FULL)
    assert bench.events.names() == ["sent", "ack", "fill", "fill", "order"]
    bench.clock.advance(0.0)
    assert bench.events.names().count("sent") == 1


def test_the_answers_of_the_documentation_are_read() -> None:
    bench = spot()
    place = fixture("binance_spot", "wsapi_order_place_response_3")
    bench.orders.place(order(place["result"]["clientOrderId"]))
    answer(bench, place["result"], rateLimits=place["rateLimits"])
    assert bench.events.names() == ["sent", "ack", "fill", "fill", "order"]
    bench = usdm()
    place = fixture("binance_usdm", "wsapi_new_order")
    bench.orders.place(order(place["result"]["clientOrderId"], USDM_SYMBOL))
    answer(bench, place["result"], rateLimits=place["rateLimits"])
    assert bench.events.names() == ["sent", "ack", "order"]
    assert bench.events.log[-1][1].cum_quote is None


@pytest.mark.parametrize(
    "result",
    [
        {**FULL, "clientOrderId": "another"},
        {**FULL, "status": "SHINY"},
        {**FULL, "fills": [{}]},
        [],
        None,
        "x",
    ],
)
def test_an_answer_on_the_channel_that_cannot_be_read_leaves_the_order_unknown(result: Any) -> None:
    bench = spot()
    bench.orders.place(order())
    answer(bench, result)
    assert bench.events.names() == ["sent", "unknown"]


@pytest.mark.parametrize(
    "message", [{"status": 400}, {"status": 400, "error": {}}, {"status": "x"}, {"status": 503}]
)
def test_an_envelope_that_cannot_be_read_leaves_the_order_unknown(message: Any) -> None:
    bench = spot()
    bench.orders.place(order())
    bench.sockets.last.say({"id": bench.sockets.last.sent[-1]["id"], **message})
    assert bench.events.names() == ["sent", "unknown"]


def test_a_missing_answer_is_unknown_after_the_time_out() -> None:
    bench = spot(order_timeout_s=3.0)
    bench.orders.place(order())
    bench.clock.advance(3.0)
    assert bench.events.names()[:2] == ["sent", "unknown"]


def test_a_query_on_the_channel_fetches_its_fills_by_rest() -> None:
    bench = spot()
    bench.orders.query(COID, SPOT_SYMBOL)
    answer(bench, B_ORDER)
    bench.http.answer("/api/v3/myTrades", [B_TRADE])
    assert bench.events.names() == ["fill", "query"]
    bench = usdm()
    bench.orders.query(COID, USDM_SYMBOL)
    answer(bench, U_ORDER)
    request = bench.http.answer("/fapi/v1/userTrades", [{**B_TRADE, "maker": False}])
    assert query_of(request.url)["orderId"] == "28"
    assert bench.events.names() == ["fill", "query"]
    assert bench.events.log[0][1].symbol == USDM_SYMBOL


@pytest.mark.parametrize(
    ("code", "message", "outcome"),
    [
        (-2011, "Unknown order sent.", CancelOutcome.gone),
        (-2011, "Order was not canceled due to cancel restrictions.", CancelOutcome.failed),
        (-1000, "", CancelOutcome.failed),
    ],
)
@BOTH
def test_cancels_on_the_channel(make: Any, symbol: str, code: int, message: str, outcome: Any) -> None:
    bench = make()
    bench.orders.cancel(COID, symbol)
    refuse(bench, code, message)
    assert [entry[2] for entry in bench.events.take()] == [outcome]


# The clock.


@pytest.mark.parametrize("code", [-1021, -5028])
def test_a_refused_time_rejects_the_order_reads_the_clock_and_holds_what_follows(code: int) -> None:
    bench = usdm()
    bench.orders.place(order("a1", USDM_SYMBOL))
    refuse(bench, code, "Timestamp for this request is outside of the recvWindow.")
    assert bench.events.names() == ["sent", "reject"]
    hedge = order("a2", USDM_SYMBOL, lane=Lane.hedge, reduce_only=True)
    entry = order("a3", USDM_SYMBOL)
    for wanted in (hedge, entry):
        assert isinstance(bench.orders.ready([wanted]), NotSent)
    skewed_ms = 1_700_000_000_000 + bench.clock.ns // 1_000_000 + 40_000
    bench.http.answer("/fapi/v1/time", {"serverTime": skewed_ms})
    assert bench.orders.ready([hedge]) is None, "one reading is enough to reduce"
    assert isinstance(bench.orders.ready([entry]), NotSent)
    for _ in range(5):
        assert isinstance(bench.orders.ready([entry]), NotSent)
        bench.clock.advance(0.1)
        bench.http.answer("/fapi/v1/time", {"serverTime": skewed_ms + bench.clock.ns // 1_000_000 - 1_000})
    assert bench.orders.ready([entry]) is None
    assert not bench.http.open
    bench.orders.place(entry)
    stamp = bench.sockets.last.sent[-1]["params"]["timestamp"]
    assert abs(stamp - (1_700_000_000_000 + bench.clock.ns // 1_000_000 + 40_000)) <= 2


def test_a_clock_that_cannot_be_read_keeps_everything_held() -> None:
    bench = spot()
    bench.orders.place(order("a1"))
    refuse(bench, -1021)
    for _ in range(5):
        bench.http.answer("/api/v3/time", b"", 502)
        assert isinstance(bench.orders.ready([order("a2", lane=Lane.hedge)]), NotSent)
        bench.clock.advance(1.0)


# Budgets.


@BOTH
def test_entries_stop_first_and_nothing_is_signed_over_budget(make: Any, symbol: str) -> None:
    bench = make()
    placed = 0
    while bench.orders.place(order(f"a{placed}", symbol)) is None:
        placed += 1
    assert placed == 7, "70 % of 10 orders in 10 s"
    assert len(bench.sockets.last.sent) == 7
    for lane, more in ((Lane.hedge, 2), (Lane.cancel, 1)):
        for number in range(more):
            assert bench.orders.place(order(f"{lane.value}{number}", symbol, lane=lane)) is None
        assert isinstance(bench.orders.ready([order("b", symbol, lane=lane)]), NotSent)
    assert bench.orders.cancel("a1", symbol) is None
    assert bench.orders.query("a1", symbol) is None
    bench.clock.advance(11.0)
    assert bench.orders.ready([order("c", symbol)]) is None


@BOTH
def test_legs_that_do_not_fit_together_are_refused_together(make: Any, symbol: str) -> None:
    bench = make()
    assert bench.orders.place(order("first", symbol)) is None
    legs = [order(f"a{number}", symbol) for number in range(7)]
    assert bench.orders.ready(legs[:6]) is None
    assert isinstance(bench.orders.ready(legs), NotSent)
    mixed = [order(f"a{number}", symbol, lane=Lane.hedge) for number in range(6)] + legs[:1]
    assert isinstance(bench.orders.ready(mixed), NotSent), "the weakest lane decides for all"
    assert bench.orders.ready(legs[:6]) is None, "asking takes nothing"


@pytest.mark.parametrize("up", [True, False])
def test_on_spot_a_fill_gives_its_order_back_and_what_is_on_its_way_is_kept(up: bool) -> None:
    bench = spot(up=up)
    bench.clock.advance(3.0)
    for number in range(7):
        assert bench.orders.place(order(f"a{number}")) is None
        bench.clock.advance(0.01)
    assert isinstance(bench.orders.ready([order("b")]), NotSent)

    def told(number: int, used: int) -> None:
        body = {**FULL, "clientOrderId": f"a{number}"}
        if not up:
            bench.http.answer("POST", body, headers={"X-MBX-ORDER-COUNT-10S": str(used)})
            return
        socket = bench.sockets.last
        counts = [
            {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 10, "count": used}
        ]
        frame = socket.sent[number]
        socket.say({"id": frame["id"], "status": 200, "result": body, "rateLimits": counts})

    told(0, 0)
    assert bench.orders.ready([order("b")]) is None, "one was given back"
    assert isinstance(bench.orders.ready([order("b"), order("c")]), NotSent), "six are on their way"
    for number in range(1, 7):
        told(number, 0)
    assert bench.orders.budgets.windows["10S"].spent(bench.clock.ns) == 0


def test_on_usdm_every_order_counts_filled_or_not() -> None:
    bench = usdm()
    bench.clock.advance(3.0)
    bench.orders.place(order("a1", USDM_SYMBOL))
    counts = [{"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 10, "count": 0}]
    answer(bench, {**U_ORDER, "clientOrderId": "a1"}, rateLimits=counts)
    assert bench.orders.budgets.windows["10S"].spent(bench.clock.ns) == 1


def test_the_counts_the_venue_tells_correct_ours_upwards() -> None:
    bench = usdm(up=False)
    bench.clock.advance(3.0)
    bench.orders.place(order("a1", USDM_SYMBOL))
    bench.http.answer("POST", {**U_ORDER, "clientOrderId": "a1"}, headers={"X-MBX-ORDER-COUNT-10S": "7"})
    assert bench.orders.ready([order("a2", USDM_SYMBOL)]) == NotSent("over the budget of orders per 10S")
    bench = usdm()
    bench.clock.advance(3.0)
    bench.orders.place(order("a1", USDM_SYMBOL))
    counts = [{"rateLimitType": "ORDERS", "interval": "MINUTE", "intervalNum": 1, "limit": 40, "count": 28}]
    answer(bench, {**U_ORDER, "clientOrderId": "a1"}, rateLimits=counts)
    assert bench.orders.ready([order("a2", USDM_SYMBOL)]) == NotSent("over the budget of orders per 1M")


def test_the_limits_are_those_of_the_last_instrument_list() -> None:
    bench = spot()
    assert set(bench.orders.budgets.windows) == {"10S", "1D"}
    spent = bench.orders.budgets.windows["10S"]
    for info in (
        {**SPOT_INFO, "rateLimits": [{**RATE_LIMITS[1], "limit": 20}, {**RATE_LIMITS[1], "intervalNum": 1}]},
        {**SPOT_INFO, "rateLimits": []},
    ):
        bench.venue.instruments([SPOT_SYMBOL], lambda _: None)
        bench.http.answer("exchangeInfo", info)
        assert {name: budget.limit for name, budget in bench.orders.budgets.windows.items()} == {
            "10S": 20,
            "1S": 10,
        }
        assert bench.orders.budgets.windows["10S"] is spent, "what was spent is forgotten"


def test_too_many_orders_stop_orders_until_the_stated_time_and_nothing_else() -> None:
    bench = spot()
    bench.orders.place(order("a1"))
    now_ms = bench.venue.clock_ms()
    refuse(bench, -1015, "Too many new orders", 429, serverTime=now_ms, retryAfter=now_ms + 4_000)
    assert bench.events.take() == [
        ("rate_limit", RateLimit(4.0, banned=False)),
        ("sent", "a1"),
        ("reject", "a1", ErrorClass.rate, -1015, "Too many new orders"),
    ]
    assert isinstance(bench.orders.ready([order("a2", lane=Lane.hedge)]), NotSent)
    assert bench.orders.cancel("a1", SPOT_SYMBOL) is None
    bench.clock.advance(4.0)
    assert bench.orders.ready([order("a2")]) is None


@pytest.mark.parametrize(("status", "banned"), [(429, False), (418, True)])
def test_too_many_requests_stop_everything_until_the_stated_time(status: int, banned: bool) -> None:
    bench = spot()
    bench.orders.place(order("a1"))
    now_ms = bench.venue.clock_ms()
    refuse(bench, -1003, "Too much", status, serverTime=now_ms, retryAfter=now_ms + 4_000)
    assert bench.events.take()[0] == ("rate_limit", RateLimit(4.0, banned=banned))
    assert isinstance(bench.orders.ready([order("a2", lane=Lane.hedge)]), NotSent)
    assert isinstance(bench.orders.cancel("a1", SPOT_SYMBOL), NotSent)
    answers: list[Any] = []
    bench.orders.open_orders(answers.append)
    bench.clock.advance(0.0)
    assert bench.http.requests == [], "a read left during the pause"
    assert answers[0].error_class is ErrorClass.notsent
    bench.clock.advance(4.0)
    assert bench.orders.cancel("a1", SPOT_SYMBOL) is None


# The log-on and its end.


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        (-2015, StreamCause.auth),
        (-1022, StreamCause.auth),
        (-1021, StreamCause.auth),
        (-4056, StreamCause.refused),
    ],
)
def test_a_refused_log_on_is_told_and_tried_again(code: int, cause: StreamCause) -> None:
    bench = spot(ed25519=True, up=False)
    bench.orders.start()
    bench.sockets.last.open()
    refuse(bench, code, "no")
    assert bench.events.take() == [("stream", StreamKind.order, StreamState.down, cause)]
    bench.clock.advance(0.2)
    assert len(bench.sockets.sockets) == 2
    asked = [r.url for r in bench.http.requests if "time" in r.url]
    assert len(asked) == (1 if code == -1021 else 0)


def test_a_revoked_key_ends_the_session() -> None:
    bench = spot(ed25519=True)
    bench.orders.place(order())
    bench.sockets.last.say({"id": None, "status": 401, "error": {"code": -2015, "msg": "Invalid API-key"}})
    assert bench.events.names() == ["sent", "unknown", "stream"]
    assert bench.events.log[-1][2:] == (StreamState.down, StreamCause.auth)


def test_a_server_that_shuts_down_answers_what_it_has_and_orders_go_by_rest() -> None:
    bench = spot()
    bench.orders.place(order("a1"))
    bench.sockets.last.say(fixture("binance_spot", "wsapi_server_shutdown"))
    bench.orders.place(order("a2"))
    assert b"a2" in (bench.http.next("POST").request.body or b"")
    answer(bench, {**FULL, "clientOrderId": "a1"})
    assert "ack" in bench.events.names()
    assert bench.events.log[-1] == ("stream", StreamKind.order, StreamState.down, StreamCause.shutdown)
    bench.clock.advance(0.2)
    assert len(bench.sockets.sockets) == 2


# Refused before anything leaves.


def test_what_cannot_be_expressed_does_not_leave() -> None:
    bench = spot()
    for request in (
        order(symbol="NO/SUCH"),
        order("not-alphanumeric"),
        order("x" * 33),
        order(reduce_only=True),
    ):
        assert isinstance(bench.orders.place(request), NotSent)
    assert bench.sockets.last.sent == []
    assert bench.http.requests == []


def test_before_the_clock_is_known_nothing_leaves() -> None:
    bench = spot()
    bench.venue.clock.bounds.samples = 0
    assert bench.orders.ready([order()]) == NotSent("the venue's clock is not known yet")
    measure(bench)
    assert bench.orders.ready([order()]) is None


def test_stopping_ends_the_channel() -> None:
    bench = spot()
    bench.orders.stop()
    assert bench.sockets.last.dead
    assert bench.events.take() == [("stream", StreamKind.order, StreamState.down, StreamCause.stopped)]
    assert connect(bench)


def test_no_secret_is_in_what_prints() -> None:
    bench = spot(ed25519=True)
    text = repr(bench.venue._rest.signer) + repr(bench.orders) + json.dumps(bench.sockets.last.sent)
    assert SECRET not in text
    assert ED25519_PEM[30:60] not in text
