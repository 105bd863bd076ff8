"""The listenKey of USD-M: one at a time, renewed, expired; and which paths its stream is served on."""

import json
from typing import Any

import pytest

from arb.simexchange.binance_errors import BinanceError
from arb.simexchange.instant import Instant
from arb.simexchange.messages import PRIVATE, Message
from arb.simexchange.usdm_listen import LIFE_MS, ListenKeys, open_user
from tests.simexchange.support import START


def after(milliseconds: int) -> Instant:
    return START.plus(milliseconds * 1_000_000)


def event(key: str, kind: str = "ORDER_TRADE_UPDATE") -> Message:
    payload = json.dumps({"e": kind, "E": 1}, separators=(",", ":")).encode()
    return Message("binance", "usdm", PRIVATE, "order", "BTCUSDT", "user", payload, shown=key)


def test_one_key_is_in_force_and_asking_again_renews_it() -> None:
    ended: list[str] = []
    keys = ListenKeys(1, lambda key, now: ended.append(key))
    first = keys.start(START)
    assert keys.start(after(LIFE_MS - 1)) == first
    assert keys.renew(after(2 * LIFE_MS - 2)) == first
    keys.advance(after(3 * LIFE_MS - 3))
    assert ended == []
    keys.advance(after(3 * LIFE_MS - 2))
    assert ended == [first]
    with pytest.raises(BinanceError) as caught:
        keys.renew(after(3 * LIFE_MS))
    assert caught.value.code == -1125
    assert keys.start(after(3 * LIFE_MS)) != first


def test_a_stopped_key_is_gone_without_a_word() -> None:
    ended: list[str] = []
    keys = ListenKeys(1, lambda key, now: ended.append(key))
    keys.start(START)
    keys.stop(START)
    assert (keys.current, ended) == (None, [])
    with pytest.raises(BinanceError):
        keys.stop(START)


@pytest.mark.parametrize(
    ("path", "wrapped"),
    [
        ("/private/ws/KEY", False),
        ("/private/ws?listenKey=KEY", False),
        ("/private/ws?listenKey=KEY&events=ORDER_TRADE_UPDATE/ACCOUNT_UPDATE", False),
        ("/private/stream?listenKey=KEY", True),
        ("/private/stream?streams=KEY", True),
    ],
)
def test_the_stream_is_served_on_the_private_route(path: str, wrapped: bool) -> None:
    session = open_user(path)
    assert session is not None
    assert session.is_private
    frame = session.wrap(event("KEY"))
    assert frame is not None
    told: Any = json.loads(frame)
    assert (told["data"] if wrapped else told)["e"] == "ORDER_TRADE_UPDATE"
    assert told.get("stream") == ("KEY" if wrapped else None)
    assert session.wrap(event("OTHER")) is None


def test_only_the_events_asked_for_come() -> None:
    session = open_user("/private/ws?listenKey=KEY&events=ACCOUNT_UPDATE/listenKeyExpired")
    assert session is not None
    assert session.wrap(event("KEY")) is None
    assert session.wrap(event("KEY", "ACCOUNT_UPDATE")) is not None


@pytest.mark.parametrize(
    "path",
    ["/ws/KEY", "/public/ws/KEY", "/market/stream?streams=KEY", "/private/ws", "/private/ws/btcusdt@depth"],
)
def test_other_paths_are_no_account_streams(path: str) -> None:
    assert open_user(path) is None
