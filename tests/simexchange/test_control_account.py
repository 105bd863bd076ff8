"""What the control API changes of accounts: keys and their rights, order limits, foreign orders, fees."""

import asyncio
import json
import time
from typing import Any

import aiohttp
import pytest

from tests.simexchange.orders import Trader, trader
from tests.simexchange.support import Client, now_ms, receive_until, run


async def _as(client: Client, key: Any) -> None:
    client.key, client.secret = key["key"], key["secret"]


async def _binance_status(client: Client, method: str, path: str, **params: object) -> tuple[int, int]:
    status, body = await client.binance(method, path, **params)
    return status, body.get("code", 0) if isinstance(body, dict) else 0


ORDER = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "MARKET",
    "quantity": "0.001",
}


@pytest.mark.parametrize(
    ("rights", "reads", "trades"),
    [
        ({}, True, True),
        ({"trade": False}, True, False),
        ({"read_only": True}, True, False),
        ({"read": False}, False, True),
        ({"ips": ["10.0.0.1"]}, False, False),
        ({"ips": ["127.0.0.1"]}, True, True),
        ({"expires_ms": 1_000}, False, False),
    ],
)
def test_a_key_may_do_what_its_rights_say_and_no_more(
    rights: dict[str, Any], reads: bool, trades: bool
) -> None:
    async def body(client: Client) -> None:
        for venue in ("binance", "bybit"):
            await _as(client, await client.control("POST", "/keys", {"venue": venue, **rights}))
            if venue == "binance":
                got = await _binance_status(client, "GET", "/api/v3/account")
                assert got[1] == (0 if reads else -2015)
                got = await _binance_status(client, "POST", "/api/v3/order", **ORDER)
                assert got[1] == (0 if trades else -2015)
                continue
            refusal = 33004 if "expires_ms" in rights else 10010 if "ips" in rights else 10005
            answer = await client.bybit("GET", "/v5/account/wallet-balance", accountType="UNIFIED")
            assert answer["retCode"] == (0 if reads else refusal)
            order = {"category": "spot", "symbol": "BTCUSDT", "side": "Sell", "orderType": "Market"}
            answer = await client.bybit("POST", "/v5/order/create", **order, qty="0.001")
            assert answer["retCode"] == (0 if trades else refusal)

    run(body)


def test_the_venues_tell_a_key_its_rights_and_the_account_its_uid() -> None:
    async def body(client: Client) -> None:
        wanted = {"withdraw": True, "transfer": True, "ip_bound": False, "futures": False}
        ends = now_ms() + 3 * 86_400_000 + 60_000
        uids = {venue: facts["uid"] for venue, facts in (await client.control("GET", "/keys")).items()}
        await _as(client, await client.control("POST", "/keys", {"venue": "binance", **wanted}))
        _, facts = await client.binance("GET", "/sapi/v1/account/apiRestrictions")
        assert facts["enableWithdrawals"]
        assert facts["enableInternalTransfer"]
        assert facts["permitsUniversalTransfer"]
        assert not facts["ipRestrict"]
        assert not facts["enableFutures"]
        assert facts["enableSpotAndMarginTrading"]
        assert str((await client.binance("GET", "/api/v3/account"))[1]["uid"]) == uids["binance"]
        fields = {"venue": "bybit", **wanted, "expires_ms": ends}
        await _as(client, await client.control("POST", "/keys", fields))
        result = (await client.bybit("GET", "/v5/user/query-api"))["result"]
        assert result["ips"] == ["*"]
        assert set(result["permissions"]["Wallet"]) == {"AccountTransfer", "Withdraw"}
        assert result["permissions"]["ContractTrade"] == []
        assert result["deadlineDay"] == 3
        assert str(result["userID"]) == uids["bybit"]

    run(body)


def test_a_key_of_the_clients_own_is_taken_and_a_wrong_secret_is_not() -> None:
    async def body(client: Client) -> None:
        made = await client.control("POST", "/keys", {"venue": "binance", "key": "k1", "secret": "s1"})
        assert (made["key"], made["secret"]) == ("k1", "s1")
        await _as(client, made)
        assert (await _binance_status(client, "GET", "/api/v3/account"))[0] == 200
        client.secret = "s2"
        assert (await _binance_status(client, "GET", "/api/v3/account"))[1] == -1022

    run(body)


def test_the_ed25519_key_of_the_ready_line_logs_on() -> None:
    async def body(client: Client) -> None:
        async with trader(client, "binance-spot", "ws") as one:
            await one.logon()
            sent = {"symbol": "BTCUSDT", "timestamp": now_ms()}
            assert (await one.send_ws("openOrders.status", sent))["status"] == 200

    run(body)


def test_a_revoked_key_is_unknown_and_its_logon_and_streams_end() -> None:
    async def body(client: Client) -> None:
        async with trader(client, "binance-spot", "ws") as one:
            await one.logon()
            key = client.endpoints["ed25519"]["key"]
            assert (await client.control("DELETE", f"/keys/{key}"))["ended"] == 1
            told = json.loads((await one.socket.receive()).data)
            assert (told["id"], told["status"], told["error"]["code"]) == (None, 401, -2015)
            with pytest.raises(AssertionError):
                await one.logon()
        private = await client.bybit_private("order")
        assert (await client.control("DELETE", f"/keys/{client.key}"))["venues"] == ["binance", "bybit"]
        assert (await private.receive()).type is aiohttp.WSMsgType.CLOSE
        assert (await _binance_status(client, "GET", "/api/v3/account"))[1] == -2015
        answer = await client.bybit("GET", "/v5/account/info")
        assert answer["retCode"] == 10003
        assert await client.control("DELETE", "/keys/nosuch") is None

    run(body)


def _limits(who: str) -> dict[str, Any]:
    venue, market = who.split("-")
    return {"venue": venue, "market": market}


def _has_no_way(client: Client, who: str, way: str) -> bool:
    bybit = client.server.world.bybit
    return (who == "bybit-linear" and bybit.linear is None) or (
        who.startswith("bybit") and way == "ws" and client.bybit_urls["ws_trade"] is None
    )


@pytest.mark.parametrize("who", ["binance-spot", "binance-usdm", "bybit-spot", "bybit-linear"])
@pytest.mark.parametrize("way", ["rest", "ws"])
@pytest.mark.parametrize("kind", ["fixed", "rolling"])
def test_orders_over_the_limit_are_refused_until_there_is_room(who: str, way: str, kind: str) -> None:
    async def body(client: Client) -> None:
        if _has_no_way(client, who, way):
            pytest.skip(f"{who} takes no orders by {way} in this simulator")
        rules = _limits(who) | {"orders": 3, "window_s": 1, "kind": kind}
        assert (await client.control("POST", "/limits", rules))["orders"][0]["orders"] == 3
        async with trader(client, who, way) as one:
            await asyncio.sleep(1 - time.time() % 1)  # the beginning of a fixed window
            codes = [one.code(await one.rest_order(f"a{number}")) for number in range(5)]
            assert codes == [0, 0, 0, *[10006 if one.venue == "bybit" else -1015] * 2]
            assert len(await one.log("a3")) == 0
            assert one.code(await one.cancel("a0")) == 0
            limits = (await client.control("GET", "/limits"))[one.venue][one.market]
            assert limits["orders_refused"] == 2
            await asyncio.sleep(1)
            assert one.code(await one.rest_order("a9")) == 0

    run(body)


@pytest.mark.parametrize("who", ["binance-spot", "binance-usdm", "bybit-spot", "bybit-linear"])
def test_both_transports_share_one_limit(who: str) -> None:
    async def body(client: Client) -> None:
        if _has_no_way(client, who, "ws"):
            pytest.skip(f"{who} takes no orders by ws in this simulator")
        rules = _limits(who) | {"orders": 2, "window_s": 60, "kind": "rolling"}
        await client.control("POST", "/limits", rules)
        async with trader(client, who, "ws") as one, trader(client, who, "rest") as two:
            assert one.code(await one.rest_order("a1")) == 0
            assert two.code(await two.rest_order("a2")) == 0
            assert one.code(await one.rest_order("a3")) != 0
            assert two.code(await two.rest_order("a4")) != 0

    run(body)


def test_a_rolling_window_lets_none_in_where_a_fixed_one_would() -> None:
    async def body(client: Client) -> None:
        async def burst(kind: str) -> list[int]:
            rules = {"venue": "bybit", "market": "spot", "orders": 2, "window_s": 1, "kind": kind}
            async with trader(client, "bybit-spot", "rest") as one:
                await asyncio.sleep(1.6 - time.time() % 1)
                await client.control("POST", "/limits", rules)
                codes = [one.code(await one.place(f"{kind}{number}")) for number in range(2)]
                await asyncio.sleep(1.05 - time.time() % 1)
                return [*codes, one.code(await one.place(f"{kind}2"))]

        assert await burst("rolling") == [0, 0, 10006]
        await asyncio.sleep(1)
        assert await burst("fixed") == [0, 0, 0]

    run(body)


@pytest.mark.parametrize("who", ["binance-spot", "binance-usdm", "bybit-spot", "bybit-linear"])
def test_somebody_elses_order_fills_on_our_account_and_is_told(who: str) -> None:
    async def body(client: Client) -> None:
        if _has_no_way(client, who, "rest"):
            pytest.skip(f"{who} takes no orders in this simulator")
        one = Trader(client, who, "rest")
        stream = None
        if who == "binance-spot":
            stream = await client.binance_user_stream()
        elif one.venue == "bybit":
            stream = await client.bybit_private("execution")
        order = _limits(who) | {"symbol": "BTCUSDT", "side": "sell", "qty": "0.002"}
        placed = await client.control("POST", "/orders/foreign", order)
        assert placed["status"] == "filled"
        assert placed["filled"] == "0.002"
        assert await one.is_known(placed["client_id"])
        assert await one.has_fills()
        if stream is not None:
            word = placed["client_id"]
            await receive_until(stream, lambda event: word in json.dumps(event))
        assert await client.control("GET", "/orders") == []  # it is none of the client's requests

    run(body)


def test_a_liquidation_closes_a_position_and_without_one_it_is_refused() -> None:
    async def body(client: Client) -> None:
        close = {"venue": "binance", "market": "usdm", "symbol": "BTCUSDT", "qty": "1", "kind": "liquidation"}
        assert "no position" in (await client.control("POST", "/orders/foreign", close))["error"]
        order = {"venue": "binance", "market": "usdm", "symbol": "BTCUSDT", "side": "buy", "qty": "0.01"}
        await client.control("POST", "/orders/foreign", order)
        held = (await client.control("GET", "/positions"))["binance_usdm"]["positions"]["BTCUSDT"]
        assert held["qty"] == "0.01"
        closed = await client.control("POST", "/orders/foreign", close)
        assert closed["client_id"].startswith("autoclose-")
        held = (await client.control("GET", "/positions"))["binance_usdm"]["positions"]["BTCUSDT"]
        assert held["qty"] == "0"

    run(body)


def test_fees_are_taken_in_a_third_asset_once_told() -> None:
    async def body(client: Client) -> None:
        fields = {"venue": "binance", "market": "spot", "fee_asset": "BNB", "amount": "1", "price": "600"}
        await client.control("POST", "/fees", fields)
        _, order = await client.binance("POST", "/api/v3/order", **ORDER, newOrderRespType="FULL")
        assert {fill["commissionAsset"] for fill in order["fills"]} == {"BNB"}

    run(body)


@pytest.mark.parametrize(
    ("path", "fields", "word"),
    [
        ("/keys", {"venue": "okx"}, "venue"),
        ("/keys", {"venue": "binance", "withdrawals": True}, "withdrawals"),
        ("/keys", {"venue": "bybit", "type": "ed25519"}, "type"),
        ("/keys", {"venue": "binance", "type": "ed25519", "public_key": "x"}, "public_key"),
        ("/limits", {"venue": "binance", "orders": 0}, "orders"),
        ("/limits", {"venue": "bybit", "orders": 5, "kind": "sliding"}, "kind"),
        ("/orders/foreign", {"venue": "binance", "symbol": "NOSUCH", "qty": "1"}, "symbol"),
        ("/fees", {"venue": "binance", "fee_asset": "BNB", "amount": 1}, "amount"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_field(path: str, fields: dict[str, Any], word: str) -> None:
    async def body(client: Client) -> None:
        assert (await client.control("POST", path, fields))["error"].startswith(word)

    run(body)
