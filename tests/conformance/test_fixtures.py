"""Messages as the venues print them, through the adapters: every one of a private stream, and the answers to
what we ask by REST and over the order connection. The values are theirs; the client ids are ours, where an
answer must name the order.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conformance.script import Line, read
from tests.conformance.stage import Stage
from tests.conformance.test_conversations import FOLDER, symbol_of
from tests.venues.fixtures import FOLDER as FIXTURES

pytestmark = pytest.mark.skipif(not FIXTURES.is_dir(), reason=f"{FIXTURES.name} are not at hand")

# (market, socket, folder, patterns) of what comes on a private stream
STREAMS = (
    ("binance_spot", "ws_api", "binance_spot", ("user_*", "syn_user_*")),
    ("binance_usdm", "private", "binance_usdm", ("user_*", "syn_user_*")),
    ("bybit_spot", "ws_private", "bybit", ("ws_private_*", "syn_ws_private_*", "ws_pong_private")),
    ("bybit_linear", "ws_private", "bybit", ("ws_private_*", "syn_ws_private_*", "ws_pong_private")),
)
# What is told of it; whatever is not listed tells nothing. Bybit's are of one category each.
TOLD = {
    "binance_spot/user_executionReport_new": ["order"],
    "binance_spot/syn_user_executionReport_canceled": ["order"],
    "binance_spot/syn_user_executionReport_expired_ioc": ["order"],
    "binance_spot/syn_user_executionReport_trade_filled_bnb_fee": ["fill", "order"],
    "binance_spot/syn_user_executionReport_trade_partial": ["fill", "order"],
    "binance_spot/user_balanceUpdate": ["cash"],
    "binance_spot/user_outboundAccountPosition": ["balances"],
    "binance_spot/user_eventStreamTerminated": ["stream private down terminated"],
    "binance_usdm/syn_user_order_trade_update_expired_ioc": ["order"],
    "binance_usdm/syn_user_order_trade_update_filled": ["fill", "order"],
    "binance_usdm/syn_user_order_trade_update_new": ["order"],
    "binance_usdm/syn_user_order_trade_update_partial": ["fill", "order"],
    "binance_usdm/user_or_stream_OrderUpdate": ["order"],
    "binance_usdm/user_or_stream_AccountUpdate": ["balances", "positions", "cash", "cash"],
    "binance_usdm/user_listenKeyExpired": ["stream private down terminated"],
}
# (market, fixture, what we ask)
ANSWERS = (
    ("binance_spot", "rest_account", "read balances"),
    ("binance_spot", "rest_account", "read facts"),
    ("binance_spot", "rest_commission", "read fees"),
    ("binance_spot", "rest_open_orders", "read open orders"),
    ("binance_spot", "rest_new_order_ack", "place c1 buy 0.5 60000.1"),
    ("binance_spot", "rest_new_order_result", "place c1 buy 0.5 60000.1"),
    ("binance_spot", "rest_new_order_full", "place c1 buy 0.5 60000.1"),
    ("binance_spot", "rest_query_order", "query c1"),
    ("binance_spot", "rest_cancel_order", "cancel c1"),
    ("binance_spot", "wsapi_order_place_response_1", "place c1 buy 0.5 60000.1"),
    ("binance_spot", "wsapi_order_place_response_2", "place c1 buy 0.5 60000.1"),
    ("binance_spot", "wsapi_order_place_response_3", "place c1 buy 0.5 60000.1"),
    ("binance_spot", "wsapi_order_cancel_response", "cancel c1"),
    ("binance_usdm", "rest_futures_account_balance_v3", "read balances"),
    ("binance_usdm", "rest_position_information_v3", "read positions"),
    ("binance_usdm", "rest_user_commission_rate", "read fees"),
    ("binance_usdm", "rest_current_all_open_orders", "read open orders"),
    ("binance_usdm", "rest_new_order", "place c1 buy 0.5 60000.1"),
    ("binance_usdm", "rest_query_order", "query c1"),
    ("binance_usdm", "rest_cancel_order", "cancel c1"),
    ("binance_usdm", "wsapi_new_order", "place c1 buy 0.5 60000.1"),
    ("binance_usdm", "wsapi_query_order", "query c1"),
    ("binance_usdm", "wsapi_cancel_order", "cancel c1"),
    ("bybit_spot", "rest_wallet_balance", "read balances"),
    ("bybit_spot", "rest_order_realtime", "read open orders"),
    ("bybit_spot", "rest_fee_rate", "read fees"),
    ("bybit_spot", "rest_create_order", "place c1 buy 0.5 60000.1"),
    ("bybit_spot", "rest_cancel_order", "cancel c1"),
    ("bybit_spot", "wstrade_create_response", "place c1 buy 0.5 60000.1"),
    ("bybit_linear", "rest_wallet_balance", "read balances"),
    ("bybit_linear", "rest_position_list", "read positions"),
    ("bybit_linear", "rest_order_realtime", "read open orders"),
    ("bybit_linear", "rest_order_realtime", "query c1"),
    ("bybit_linear", "rest_order_history", "query c1"),
    ("bybit_linear", "rest_fee_rate", "read fees"),
    ("bybit_linear", "rest_create_order", "place c1 buy 0.5 60000.1"),
    ("bybit_linear", "rest_cancel_order", "cancel c1"),
    ("bybit_linear", "wstrade_create_response", "place c1 buy 0.5 60000.1"),
)
_BAD = ("unknown", "not_sent", "failed", "reject", "stream")


def messages() -> list[tuple[str, str, Path]]:
    return [
        (market, socket, path)
        for market, socket, folder, patterns in STREAMS
        for pattern in patterns
        for path in sorted((FIXTURES / folder).glob(f"{pattern}.json"))
        if path.stem != "ws_private_execution_fast"  # without fees: we do not subscribe to it
    ]


def prepared(market: str, prologue: str) -> Stage:
    stage = Stage(market, symbol_of(market))
    stage.play(read(FOLDER / market / f"_{prologue}.txt"))
    return stage


@pytest.mark.parametrize(
    ("market", "socket", "path"), messages(), ids=lambda value: getattr(value, "stem", value)
)
def test_every_printed_message_of_a_private_stream_is_read(market: str, socket: str, path: Path) -> None:
    stage = prepared(market, "resynced")
    stage.hear(socket, path.read_text(encoding="utf-8"))
    told = stage.take()
    if market.startswith("binance"):
        wanted = TOLD.get(f"{market}/{path.stem}", [])
        assert [text if text.startswith("stream") else text.split()[0] for text in told] == wanted, told
    else:
        kind = path.stem.partition("ws_private_")[2].partition("_")[0]
        word = {"execution": "fill", "wallet": "balances", "position": "positions"}.get(kind, kind)
        assert {text.split()[0] for text in told} <= {word}, told


@pytest.mark.parametrize(("market", "name", "question"), ANSWERS)
def test_a_printed_answer_is_read(market: str, name: str, question: str) -> None:
    path = FIXTURES / ("bybit" if market.startswith("bybit") else market) / f"{name}.json"
    on_socket = name.startswith("ws")
    stage = prepared(market, "entry_socket" if on_socket else "ready")
    stage.play([Line("here", "we", question)], to_the_end=False)
    text = path.read_text(encoding="utf-8").replace("ETHUSDT", "BTCUSDT")
    for ours in ("origClientOrderId", "clientOrderId", "orderLinkId"):
        text = re.sub(rf'"{ours}": *"[^"]*"', f'"{ours}":"c1"', text)
    if on_socket:
        stage.reply("ws_trade" if market.startswith("bybit") else "ws_api", text)
    else:
        while stage.http.open:  # a second time where it names a next page: the same cursor again ends it
            stage.http.answer("", text.encode())
    told = stage.take()
    assert told
    assert not [text for text in told if text.startswith(_BAD)], told
    assert not [text for text in told if "failed" in text], told
