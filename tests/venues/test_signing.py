"""The published signatures, byte for byte."""

from __future__ import annotations

import copy
import pickle

import pytest

from arb.venues.base import Credentials, KeyKind, Secret, VenueError
from arb.venues.binance.signing import encoded, signed, signer_of, ws_signature
from arb.venues.bybit.signing import headers, login_signature
from arb.venues.signing import HmacSigner

from .binance_setup import ED25519_PEM

B_KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
B_SIGNER = HmacSigner(Secret("NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"))
Y_SIGNER = HmacSigner(Secret("test_secret"))

LIMIT_BUY = "side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559"


def test_binance_rest_signs_the_query_and_appends_the_signature() -> None:
    payload = f"symbol=LTCBTC&{LIMIT_BUY}"
    signature = "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"
    assert signed(B_SIGNER, payload) == f"{payload}&signature={signature}"


def test_binance_rest_signs_percent_encoded_bytes() -> None:
    symbol = encoded({"symbol": "１２３４５６"})
    assert symbol == "symbol=%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96"
    payload = signed(B_SIGNER, f"{symbol}&{LIMIT_BUY}")
    assert payload.endswith("=e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3")


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
                "apiKey": B_KEY,
            },
            "aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24",
        ),
        (
            {"timestamp": 1649729878532, "apiKey": B_KEY},
            "1cf54395b336b0a9727ef27d5d98987962bc47aca6e13fe978612d0adee066ed",
        ),
        (
            {
                "symbol": "BTCUSDT",
                "origClientOrderId": "4d96324ff9d44481926157",
                "apiKey": B_KEY,
                "timestamp": 1660801715830,
            },
            "33d5b721f278ae17a52f004a82a6f68a70c68e7dd6776ed0be77a455ab855282",
        ),
    ],
)
def test_binance_ws_api_signs_sorted_parameters(params: dict[str, str | int], signature: str) -> None:
    assert ws_signature(B_SIGNER, params) == signature


def test_usdm_signs_like_spot() -> None:
    signer = HmacSigner(Secret("2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9"))
    payload = (
        "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=9000&timeInForce=GTC&recvWindow=5000"
        "&timestamp=1591702613943"
    )
    assert signer.sign(payload.encode()) == "3c661234138461fcc7a7d8746c6558c9842d4e10870d2ecbedf7777cad694af9"


def test_a_key_state_that_has_hashed_the_beginning_signs_the_whole() -> None:
    whole = b"apiKey=abc&price=1&quantity=2"
    for cut in range(len(whole) + 1):
        assert B_SIGNER.after(whole[:cut]).sign(whole[cut:]) == B_SIGNER.sign(whole)


def test_ed25519_is_deterministic_and_percent_encoded_in_a_query() -> None:
    # The seed of RFC 8032, test 1; the signature was computed by a second implementation.
    signer = signer_of(Credentials("key", Secret(ED25519_PEM), KeyKind.ed25519))
    payload = (
        "symbol=BTCUSDT&side=SELL&type=LIMIT&timeInForce=GTC&quantity=1&price=0.2"
        "&timestamp=1668481559918&recvWindow=5000"
    )
    text = "XtZirsmmi0noRzUfkqktvkVfxpkq/WtbLg2UOL3QGYdUBZVlqOBEMuEVw8zioY93N54NcKj9UuAXQEa9zgTDBg=="
    assert signer.sign(payload.encode()) == text
    encoded_text = text.replace("/", "%2F").replace("=", "%3D")
    assert signed(signer, payload) == f"{payload}&signature={encoded_text}"


@pytest.mark.parametrize(
    "pem", ["", "no key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
)
def test_a_key_that_is_none_says_so_without_quoting_it(pem: str) -> None:
    with pytest.raises(VenueError, match="Ed25519") as raised:
        signer_of(Credentials("key", Secret(pem), KeyKind.ed25519))
    assert raised.value.__cause__ is None
    if pem:
        assert pem not in str(raised.value)


@pytest.mark.parametrize(
    ("payload", "signature"),
    [
        (
            "category=linear&symbol=BTCUSDT",
            "fd4f31228a46109dc6673062328693696df9a96c7ff04e6491a45e7f63a0fdd7",
        ),
        (
            '{"category": "linear", "symbol": "BTCUSDT", "orderLinkId": "test-order-1"}',
            "2df4a0603d69c08d5dea29ba85b46eb7db64ce9e9ebd34a7802a3d69700cb2a1",
        ),
    ],
)
def test_bybit_signs_time_key_window_and_payload(payload: str, signature: str) -> None:
    sent = headers(Y_SIGNER, "test_api_key", 1_700_000_000_000, 5_000, payload)
    assert sent["X-BAPI-SIGN"] == signature
    assert (sent["X-BAPI-TIMESTAMP"], sent["X-BAPI-RECV-WINDOW"]) == ("1700000000000", "5000")


def test_bybit_signs_a_query_with_an_option_symbol() -> None:
    signer = HmacSigner(Secret("XXXXXXXXXX"))
    query = "category=option&symbol=BTC-29JUL22-25000-C"
    sent = headers(signer, "XXXXXXXXXX", 1_658_384_313_791, 5_000, query)
    assert sent["X-BAPI-SIGN"] == "b3a13cbd6f9de0ad7ece696645a98000281be3558716624cfca03debd2f24574"


def test_bybit_signs_the_login() -> None:
    assert (
        login_signature(Y_SIGNER, 1_700_000_000_000)
        == "bacffe7500499eb829bb58c45d36d1b3e5ac67c14eaeba91df5e99ccee013925"
    )


def test_signing_twice_gives_the_same() -> None:
    assert Y_SIGNER.sign(b"x") == Y_SIGNER.sign(b"x") != Y_SIGNER.sign(b"y")


def test_secrets_do_not_print_themselves() -> None:
    secret = Secret("hunter2hunter2")
    for text in (repr(secret), str(secret), f"{secret}", repr(Credentials("akey99", secret)), repr(Y_SIGNER)):
        assert "hunter2" not in text
        assert "akey99" not in text
    for thing in (secret, HmacSigner(secret)):
        with pytest.raises(TypeError):
            pickle.dumps(thing)
        with pytest.raises(TypeError):
            copy.copy(thing)
