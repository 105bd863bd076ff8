"""Instrument names are exact, and a wrong one says how to write it."""

import re

import pytest

from arb.data.names import InstrumentName, parse_instrument
from arb.errors import UsageError


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("binance:BTC/USDT", InstrumentName("binance", "BTC", "USDT")),
        ("binance:BTC/USDT:USDT", InstrumentName("binance", "BTC", "USDT", "USDT")),
        ("bybit:1000PEPE/USDT:USDT", InstrumentName("bybit", "1000PEPE", "USDT", "USDT")),
    ],
)
def test_a_name_reads_back(text: str, name: InstrumentName) -> None:
    assert parse_instrument(text) == name
    assert str(name) == text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("kraken:BTC/USDT", "unknown venue 'kraken'.*known venues are binance, bybit"),
        ("binnance:BTC/USDT", "unknown venue 'binnance'.*did you mean binance"),
        ("binance:BTCUSDT", "unknown instrument 'binance:BTCUSDT'.*write venue:BASE/QUOTE"),
        ("binance:btc/usdt", "unknown instrument"),
        ("binance:BTC/USD:BTC", "settled in their quote asset"),
        ("BTC/USDT", "'BTC/USDT' is no instrument"),
        ("binance:", "'binance:' is no instrument"),
        ("", "'' is no instrument"),
    ],
)
def test_a_wrong_name_is_told_apart(text: str, says: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse_instrument(text)
    assert raised.value.code == 2
    assert re.search(says, raised.value.render())
