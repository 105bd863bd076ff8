"""A configuration is loaded whole, or every mistake in it is named at its place."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from arb.config import ConfigErrors, load_config
from arb.config.load import _TABLES
from arb.config.models import Config

SHIPPED = Path(__file__).parents[2] / "config"
MAIN = """\
version = 1
name = "prod-1"
instance = "aa"
[exchanges]
binance = "binance.toml"
bybit = "bybit.toml"
[strategy]
kind = "taker"
symbols = ["BTC/USDT", "ETH/USDT"]
min_edge_bps = 4.0
[risk]
max_notional = 25_000
max_order_notional = 2_000
max_position = { BTC = "0.5" }
"""
VENUE = """\
markets = ["spot"]
endpoint = "sim"
credentials = "env:KEYS"
taker_fee_bps = { spot = 10.0 }
"""

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def files(main: str = MAIN, binance: str = VENUE, bybit: str = VENUE) -> Path:
        for name, text in (("arbitrage", main), ("binance", binance), ("bybit", bybit)):
            (tmp_path / f"{name}.toml").write_text(text)
        return tmp_path / "arbitrage.toml"

    return files


def load(path: Path, *overrides: str, **environ: str) -> Config:
    return load_config(path, overrides, environ)


def errors_of(path: Path, *overrides: str, **environ: str) -> ConfigErrors:
    with pytest.raises(ConfigErrors) as raised:
        load(path, *overrides, **environ)
    return raised.value


def test_the_shipped_files_load_and_say_what_the_defaults_are() -> None:
    config = load(SHIPPED / "arbitrage.toml")
    assert list(config.exchanges.named()) == ["binance", "bybit"]
    # A default in the code that the commented file contradicts would make the comments lie.
    assert config.execution == type(config.execution)()
    assert config.risk.model_copy(update={"max_position": {}}) == type(config.risk)()
    assert config.strategy == type(config.strategy)()
    for venue in config.exchanges.named().values():
        assert venue == type(venue)()


def test_every_key_of_every_section_stands_in_the_shipped_files() -> None:
    text = (SHIPPED / "arbitrage.toml").read_text()
    fields = Config.model_fields
    for table in _TABLES:
        section = fields[table].annotation
        assert section is not None
        for key in section.model_fields:
            assert f"\n{key} =" in text, f"{table}.{key} is not in config/arbitrage.toml"


def test_numbers_are_exact(write: Write) -> None:
    config = load(write(MAIN.replace("4.0", "0.07").replace("25_000", '"25000.1"')))
    assert config.strategy.min_edge_bps == Decimal("0.07")
    assert config.risk.max_notional == Decimal("25000.1")
    assert config.risk.max_position == {"BTC": Decimal("0.5")}


def test_every_mistake_is_told_in_one_pass(write: Write) -> None:
    main = (
        MAIN.replace('"taker"', '"takr"')
        .replace("min_edge_bps", "min_edge_bsp")
        .replace("max_order_notional = 2_000", "max_order_notional = 40_000")
    )
    binance = VENUE.replace('"sim"', '"custom"').replace('"env:KEYS"', '"3f9acafe00112233445566778899aabb"')
    bybit = VENUE.replace("10.0", "1000.0")
    errors = errors_of(write(main, binance, bybit))
    assert errors.code == 2
    assert (
        errors.render()
        == """\
error: arbitrage.toml:8:1: strategy.kind: must be 'taker' (got 'takr')
   8 | kind = "takr"
     | ^^^^^^^^^^^^^   help: did you mean "taker"?
error: arbitrage.toml:10:1: strategy.min_edge_bsp: unknown key
  10 | min_edge_bsp = 4.0
     | ^^^^^^^^^^^^^^^^^^   help: did you mean `min_edge_bps`?
error: arbitrage.toml:13:1: risk.max_order_notional: 40000 > risk.max_notional 25000 (line 12)
  13 | max_order_notional = 40_000
     | ^^^^^^^^^^^^^^^^^^^^^^^^^^^
error: binance.toml:2:1: exchanges.binance.endpoint: endpoint = "custom": urls.spot.rest, urls.spot.ws, \
urls.spot.ws_api are missing; there is no fallback
   2 | endpoint = "custom"
     | ^^^^^^^^^^^^^^^^^^^
error: binance.toml:3:1: exchanges.binance.credentials: looks like a key; use \
env:PREFIX, file:PATH, systemd:NAME or keyring:NAME
   3 | credentials = "***"
     | ^^^^^^^^^^^^^^^^^^^
error: bybit.toml:4:19: exchanges.bybit.taker_fee_bps.spot: must be <= 100 (got 1000.0)
   4 | taker_fee_bps = { spot = 1000.0 }
     |                   ^^^^^^^^^^^^^
6 errors; nothing was started"""
    )


def test_a_key_in_the_wrong_place_never_reaches_a_message(write: Write) -> None:
    secret = "AKIAIOSFODNN7EXAMPLE99"
    path = write(binance=VENUE.replace("env:KEYS", secret))
    errors = errors_of(path)
    override = errors_of(write(), f"exchanges.bybit.credentials={secret}")
    for text in (errors.render(), str(errors.entries()), override.render(), str(override.entries())):
        assert secret not in text


@pytest.mark.parametrize(
    ("replaced", "by", "message"),
    [
        ("version = 1", "version = 2", "1:1: version: must be 1 (got 2)"),
        ("version = 1\n", "", "1:1: version: is missing"),
        ('"aa"', '"A1"', "3:1: instance: "),
        ('name = "prod-1"', 'naem = "x"', "2:1: naem: unknown key"),
        ('name = "prod-1"', 'mode = "lvie"', "2:1: mode: must be 'sim' or 'live' (got 'lvie')"),
        ('bybit = "bybit.toml"', 'bybti = "bybit.toml"', "6:1: exchanges.bybti: unknown key"),
        ('bybit = "bybit.toml"', 'bybit = "absent.toml"', "6:1: exchanges.bybit: no such file"),
        ('bybit = "bybit.toml"', "bybit = 3", "6:1: exchanges.bybit: must be the path of a file"),
        ('bybit = "bybit.toml"\n', "", "8:12: strategy.symbols[0]: BTC/USDT needs two venues"),
        ('"ETH/USDT"', '"ETHUSDT"', "9:24: strategy.symbols[1]: 'ETHUSDT' is no symbol"),
        ('"ETH/USDT"', '"ETH/USDC"', "9:24: strategy.symbols[1]: ETH/USDC is quoted in USDC"),
        ('"ETH/USDT"', '"BTC/USDT"', "9:24: strategy.symbols[1]: BTC/USDT is listed twice"),
        ('"ETH/USDT"', '"ETH/USDT:USDT"', "9:24: strategy.symbols[1]: ETH/USDT:USDT needs two venues"),
        ("4.0", "4.005", "10:1: strategy.min_edge_bps: has more than two decimals"),
        ("4.0", "true", "10:1: strategy.min_edge_bps: must be a number"),
        ("4.0", "nan", "10:1: strategy.min_edge_bps: must be a finite number"),
        ("25_000", "-1", "12:1: risk.max_notional: must be >= 0 (got -1)"),
        ('BTC = "0.5"', 'BTC = "much"', "14:18: risk.max_position.BTC: must be a number (got 'much')"),
        ("[risk]", "[execution]\nquery_schedule_ms = [0, 5, 5]\n[risk]", "12:1: execution.query_schedule"),
        ("[risk]", "[rsik]", "11:1: rsik: unknown key"),
        ("[risk]", "risk = 1\n[x]", "11:1: strategy.risk: unknown key"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_where_it_stands(write: Write, replaced: str, by: str, message: str) -> None:
    assert replaced in MAIN
    assert f"error: arbitrage.toml:{message}" in errors_of(write(MAIN.replace(replaced, by))).render()


def test_a_syntax_error_leaves_the_other_files_to_be_judged(write: Write) -> None:
    text = errors_of(write(binance="markets = [\n", bybit='endpoint = "smi"\n')).render()
    assert "error: binance.toml:1:12: syntax: " in text
    assert "error: bybit.toml:1:1: exchanges.bybit.endpoint: must be 'sim' or 'custom' (got 'smi')" in text
    assert text.endswith("2 errors; nothing was started")


def test_a_main_file_that_is_no_toml_is_one_mistake(write: Write) -> None:
    errors = errors_of(write(MAIN.replace("[strategy]", "[strategy")))
    assert [(mistake.line, mistake.message[:8]) for mistake in errors.mistakes] == [(7, "syntax: ")]


def test_a_missing_file_is_a_mistake_without_a_line(tmp_path: Path) -> None:
    assert errors_of(tmp_path / "no.toml").render().endswith("1 error; nothing was started")


@pytest.mark.parametrize("endpoint", ["production", "testnet"])
def test_a_real_exchange_is_refused_with_one_sentence(write: Write, endpoint: str) -> None:
    errors = errors_of(write(bybit=VENUE.replace('"sim"', f'"{endpoint}"')))
    assert [mistake.message for mistake in errors.mistakes] == [
        'this version trades on loopback endpoints only; write "sim" or "custom"'
    ]


URLS = '[urls]\nrest = "{0}"\nws_public = "{1}"\nws_private = "{1}"\n'


@pytest.mark.parametrize("host", ["127.0.0.1:4100", "localhost:80", "[::1]:9", "127.3.2.1:5/path/"])
def test_loopback_addresses_are_accepted(write: Write, host: str) -> None:
    urls = URLS.format(f"http://{host}", f"ws://{host}")
    venue = load(write(bybit=VENUE.replace('"sim"', '"custom"') + urls)).exchanges.bybit
    assert venue is not None
    assert venue.urls is not None
    assert venue.urls.rest == f"http://{host}".rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "https://exchange.example",
        "https://10.0.0.1:80",
        "http://127.0.0.1.example:1",
        "http://127.0.0.1@exchange.example",
        "http://user:pw@127.0.0.1:1",
        "ftp://127.0.0.1",
        "http://0.0.0.0:1",
        "http://2130706433:1",
        "http://[::1:1",
        "127.0.0.1:1",
    ],
)
def test_any_other_address_is_refused(write: Write, url: str) -> None:
    urls = URLS.format(url, "ws://127.0.0.1:1")
    errors = errors_of(write(bybit=VENUE.replace('"sim"', '"custom"') + urls))
    assert [(mistake.file, mistake.line, mistake.key) for mistake in errors.mistakes] == [
        ("bybit.toml", 6, "exchanges.bybit.urls.rest")
    ]


def test_later_sources_win(write: Write) -> None:
    path = write()
    assert load(path, ARB__RISK__MAX_NOTIONAL="30000").risk.max_notional == 30_000
    config = load(
        path, "risk.max_notional=35000", "exchanges.bybit.recv_window_ms=500", ARB__RISK__MAX_NOTIONAL="1"
    )
    assert config.risk.max_notional == 35_000
    assert config.exchanges.bybit is not None
    assert config.exchanges.bybit.recv_window_ms == 500
    assert load(path, "strategy.symbols=['BTC/USDT']", "mode=live").general.mode == "live"


def test_a_mistake_in_an_override_names_its_origin(write: Write) -> None:
    errors = errors_of(
        write(),
        "risk.max_notinal=5",
        "strategy.kind=tkaer",
        "nothing",
        "name.x=1",
        ARB__EXECUTION__T_ACK_MS="-1",
    )
    assert {mistake.render() for mistake in errors.mistakes} == {
        "error: --set risk.max_notinal=5: risk.max_notinal: unknown key   help: did you mean `max_notional`?",
        "error: --set strategy.kind=tkaer: strategy.kind: must be 'taker' (got 'tkaer')"
        '   help: did you mean "taker"?',
        "error: --set nothing: must be KEY=VALUE",
        "error: --set name.x=1: name.x: name is no table",
        "error: ARB__EXECUTION__T_ACK_MS: execution.t_ack_ms: must be >= 1 (got -1)",
    }


def test_the_entries_are_what_a_program_reads(write: Write) -> None:
    assert errors_of(write(MAIN.replace("4.0", "-1"))).entries() == [
        {
            "file": "arbitrage.toml",
            "line": 10,
            "column": 1,
            "end_column": 18,
            "key": "strategy.min_edge_bps",
            "message": "must be >= 0 (got -1)",
            "help": "",
        }
    ]
