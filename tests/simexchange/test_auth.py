"""Signatures, keys and time windows, with the published vectors."""

import pytest

from arb.simexchange import binance_auth, bybit_auth
from arb.simexchange.api_keys import ApiKey, KeyStore
from arb.simexchange.binance_errors import BinanceError
from arb.simexchange.bybit_errors import BybitError
from arb.simexchange.instant import Instant
from arb.simexchange.messages import Request
from arb.simexchange.spec import Credentials
from tests.simexchange.support import sign

BINANCE = Credentials(
    "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A",
    "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j",
)
BINANCE_KEYS = KeyStore([ApiKey(BINANCE.key, BINANCE.secret)])
ORDER = "side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559"
PLAIN = (f"symbol=LTCBTC&{ORDER}", "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71")
UNICODE = (
    f"symbol=%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96&{ORDER}",
    "e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3",
)
AT = 1499827319559


def binance_request(query: str, body: str = "", key: str = BINANCE.key) -> Request:
    return Request("POST", "/api/v3/order", query, body, {"X-MBX-APIKEY": key})


def signed_params(request: Request, now_ms: int) -> dict[str, str]:
    params = binance_auth.params_of(request)
    binance_auth.check_rest(request, params, BINANCE_KEYS, now_ms)
    return params


@pytest.mark.parametrize(("payload", "signature"), [PLAIN, UNICODE])
def test_binance_accepts_the_published_signatures(payload: str, signature: str) -> None:
    params = signed_params(binance_request(f"{payload}&signature={signature}"), AT)
    assert params["side"] == "BUY"


def test_binance_accepts_query_and_body_joined_without_separator() -> None:
    query, body = "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC", PLAIN[0].split("GTC&")[1]
    signed = f"{body}&signature={sign(BINANCE.secret, query + body)}"
    params = signed_params(binance_request(query, signed), AT)
    assert (params["symbol"], params["price"]) == ("LTCBTC", "0.1")


def test_binance_refuses_what_was_signed_before_percent_encoding() -> None:
    raw = UNICODE[0].replace("%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96", "１２３４５６")
    query = f"{UNICODE[0]}&signature={sign(BINANCE.secret, raw)}"
    with pytest.raises(BinanceError) as caught:
        signed_params(binance_request(query), AT)
    assert caught.value.code == -1022


@pytest.mark.parametrize(
    ("now", "code"),
    [(AT - 999, 0), (AT - 1000, -1021), (AT + 5000, 0), (AT + 5001, -1021)],
)
def test_binance_takes_timestamps_of_the_window_only(now: int, code: int) -> None:
    request = binance_request(f"{PLAIN[0]}&signature={PLAIN[1]}")
    if not code:
        signed_params(request, now)
        return
    with pytest.raises(BinanceError) as caught:
        signed_params(request, now)
    assert caught.value.code == code


@pytest.mark.parametrize(("key", "code"), [("", -2014), ("other", -2015)])
def test_binance_refuses_other_keys(key: str, code: int) -> None:
    with pytest.raises(BinanceError) as caught:
        signed_params(binance_request(f"{PLAIN[0]}&signature={PLAIN[1]}", key=key), AT)
    assert (caught.value.code, caught.value.status) == (code, 401)


@pytest.mark.parametrize(
    ("params", "signature"),
    [
        (
            {
                "symbol": "BTCUSDT",
                "side": "SELL",
                "type": "LIMIT",
                "timeInForce": "GTC",
                "quantity": "0.01000000",
                "price": "52000.00",
                "recvWindow": 100,
                "timestamp": 1645423376532,
            },
            "aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24",
        ),
        ({"timestamp": 1649729878532}, "1cf54395b336b0a9727ef27d5d98987962bc47aca6e13fe978612d0adee066ed"),
        (
            {
                "symbol": "BTCUSDT",
                "origClientOrderId": "4d96324ff9d44481926157",
                "timestamp": 1660801715830,
            },
            "33d5b721f278ae17a52f004a82a6f68a70c68e7dd6776ed0be77a455ab855282",
        ),
    ],
)
def test_binance_ws_api_accepts_the_published_signatures(params: dict[str, object], signature: str) -> None:
    request = {**params, "apiKey": BINANCE.key, "signature": signature}
    stamp = params["timestamp"]
    assert isinstance(stamp, int)
    assert binance_auth.check_ws(binance_auth.ws_texts(request), BINANCE_KEYS, stamp).key == BINANCE.key
    late = binance_auth.ws_texts({**request, "timestamp": stamp + 1})
    with pytest.raises(BinanceError) as caught:
        binance_auth.check_ws(late, BINANCE_KEYS, stamp)
    assert caught.value.code == -1022


BYBIT = Credentials("test_api_key", "test_secret")
BYBIT_KEYS = KeyStore([ApiKey(BYBIT.key, BYBIT.secret)])


def bybit_request(method: str, text: str, signature: str, stamp: str = "1700000000000") -> Request:
    headers = {
        "X-BAPI-API-KEY": BYBIT.key,
        "X-BAPI-TIMESTAMP": stamp,
        "X-BAPI-RECV-WINDOW": "5000",
        "X-BAPI-SIGN": signature,
    }
    query, body = (text, "") if method == "GET" else ("", text)
    return Request(method, "/v5/order/realtime", query, body, headers)


@pytest.mark.parametrize(
    ("method", "text", "signature"),
    [
        (
            "GET",
            "category=linear&symbol=BTCUSDT",
            "fd4f31228a46109dc6673062328693696df9a96c7ff04e6491a45e7f63a0fdd7",
        ),
        (
            "POST",
            '{"category": "linear", "symbol": "BTCUSDT", "orderLinkId": "test-order-1"}',
            "2df4a0603d69c08d5dea29ba85b46eb7db64ce9e9ebd34a7802a3d69700cb2a1",
        ),
    ],
)
def test_bybit_accepts_the_published_signatures(method: str, text: str, signature: str) -> None:
    bybit_auth.check(bybit_request(method, text, signature), BYBIT_KEYS, 1700000000000)
    with pytest.raises(BybitError) as caught:
        bybit_auth.check(bybit_request(method, text + " ", signature), BYBIT_KEYS, 1700000000000)
    assert caught.value.code == 10004


@pytest.mark.parametrize(
    ("now", "passes"), [(0, True), (5000, True), (5001, False), (-999, True), (-1000, False)]
)
def test_bybit_takes_timestamps_of_the_window_only(now: int, passes: bool) -> None:
    text = "category=linear&symbol=BTCUSDT"
    request = bybit_request("GET", text, sign("test_secret", f"1700000000000test_api_key5000{text}"))
    if passes:
        bybit_auth.check(request, BYBIT_KEYS, 1700000000000 + now)
        return
    with pytest.raises(BybitError) as caught:
        bybit_auth.check(request, BYBIT_KEYS, 1700000000000 + now)
    assert caught.value.code == 10002


def test_bybit_private_stream_accepts_the_published_auth_until_it_expires() -> None:
    signature = "bacffe7500499eb829bb58c45d36d1b3e5ac67c14eaeba91df5e99ccee013925"
    for expires in (1700000000000, "1700000000000"):  # some clients send the expiry as text
        args = [BYBIT.key, expires, signature]
        before, after = (Instant(0, ms * 1_000_000) for ms in (1699999999000, 1700000000000))
        assert bybit_auth.accepts_ws(args, BYBIT_KEYS, before)
        assert not bybit_auth.accepts_ws(args, BYBIT_KEYS, after)
