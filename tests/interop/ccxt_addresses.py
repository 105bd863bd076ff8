"""ccxt with every address moved to the simulator."""

from typing import Any

from tests.interop.loopback import assert_local, moved

_UNSERVED = "http://127.0.0.1:9"  # markets that are not simulated: nobody listens there


def exchange(library: Any, market: str, venues: dict[str, Any], key: str, secret: str) -> Any:
    """`library`: ccxt or ccxt.pro; `market`: binance_spot | binance_usdm | bybit_spot | bybit_linear."""
    options: dict[str, Any] = {"adjustForTimeDifference": False}
    if market == "binance_spot":
        kind, options["defaultType"] = "binance", "spot"
        options["fetchMarkets"] = {"types": ["spot"]}
    elif market == "binance_usdm":
        kind = "binanceusdm"
    else:
        kind, options["defaultType"] = "bybit", "spot" if market == "bybit_spot" else "swap"
    made = getattr(library, kind)({"apiKey": key, "secret": secret, "options": options})
    api = made.urls["api"]
    made.urls = {"api": _binance(api, venues) if kind.startswith("binance") else _bybit(api, venues)}
    assert_local(made.urls)
    made.hostname = "127.0.0.1"
    return made


def _binance(api: dict[str, Any], venues: dict[str, Any]) -> dict[str, Any]:
    spot, usdm = venues["binance"]["spot"], venues["binance"]["usdm"]
    result: dict[str, Any] = {
        name: moved(url, usdm["rest"] if name.startswith("fapi") else spot["rest"])
        for name, url in api.items()
        if isinstance(url, str)
    }
    streams = {
        name: moved(url, usdm["ws"] if name == "linear" else spot["ws"])
        for name, url in api.get("ws", {}).items()
        if isinstance(url, str)
    }
    entry = {"spot": spot["ws_api"], "linear": usdm["ws_api"], "inverse": _UNSERVED}
    return result | {"ws": streams | {"ws-api": entry}}


def _bybit(api: dict[str, Any], venues: dict[str, Any]) -> dict[str, Any]:
    urls = venues["bybit"]
    public = {market: f"{urls['ws_public']}/{market}" for market in ("spot", "linear", "inverse", "option")}
    private = {
        "spot": {"unified": urls["ws_private"], "nonUnified": urls["ws_private"]},
        "contract": urls["ws_private"],
        "usdc": urls["ws_private"],
        "trade": urls["ws_trade"],
    }
    rest = {name: urls["rest"] for name, url in api.items() if isinstance(url, str)}
    return rest | {"ws": {"public": public, "private": private}}
