"""Who may call Binance's signed endpoints: key, signature over the exact bytes, time window."""

from collections.abc import Mapping
from urllib.parse import unquote_plus

import orjson

from arb.simexchange import binance_errors as errors
from arb.simexchange.api_keys import ApiKey, KeyStore
from arb.simexchange.binance_errors import BinanceError, missing
from arb.simexchange.messages import Request

MAX_WINDOW_MS = 60_000
DEFAULT_WINDOW_MS = 5_000
AHEAD_MS = 1_000


def params_of(request: Request) -> dict[str, str]:
    """Query and form body; the query wins where both name a parameter."""
    params = _decode(request.body)
    params.update(_decode(request.query))
    return params


def rest_key(request: Request, keys: KeyStore) -> ApiKey:
    """The key of the header alone, as calls without a signature want it."""
    return find_key(request.headers.get("X-MBX-APIKEY"), keys)


def check_rest(request: Request, params: Mapping[str, str], keys: KeyStore, now_ms: int) -> ApiKey:
    """The key of a request that passed every check, else BinanceError. `params` are those of the request.

    payload = query ++ body without separator, each as sent and without the signature, which comes last
    in its part.
    """
    key = rest_key(request, keys)
    signature = params.get("signature")
    if not signature:
        raise missing("signature")
    _verify(key, _unsigned(request.query) + _unsigned(request.body), signature)
    check_window(params, now_ms)
    return key


def ws_texts(params: Mapping[str, object]) -> dict[str, str]:
    """WS-API parameters as they are signed: raw, booleans in lower case; what is null was not sent."""
    return {name: _text(value) for name, value in params.items() if value is not None}


def check_ws(texts: Mapping[str, str], keys: KeyStore, now_ms: int) -> ApiKey:
    """WS-API: all parameters but the signature, by name, apiKey included, raw and not percent-encoded."""
    key = find_key(texts.get("apiKey"), keys)
    signature = texts.get("signature")
    if not signature:
        raise missing("signature")
    payload = "&".join(f"{name}={texts[name]}" for name in sorted(texts) if name != "signature")
    _verify(key, payload, signature)
    check_window(texts, now_ms)
    return key


def find_key(text: str | None, keys: KeyStore) -> ApiKey:
    if not text:
        raise BinanceError(-2014, "API-key format invalid.", 401)
    key = keys.find(text)
    if key is None:
        raise errors.not_permitted()
    return key


def check_window(params: Mapping[str, str], now_ms: int) -> None:
    """`timestamp < serverTime + 1000 && serverTime - timestamp <= recvWindow`; microseconds are taken too."""
    stamp = params.get("timestamp", "")
    if not stamp.isascii() or not stamp.isdecimal() or len(stamp) > 20:
        raise missing("timestamp")
    timestamp = int(stamp)
    if timestamp >= 10**14:
        timestamp //= 1_000
    try:
        window = float(params.get("recvWindow") or DEFAULT_WINDOW_MS)
    except ValueError:
        raise missing("recvWindow") from None
    if not 0 < window <= MAX_WINDOW_MS:
        raise BinanceError(-1131, "recvWindow must be less than 60000.")
    if timestamp >= now_ms + AHEAD_MS:
        raise BinanceError(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
    if now_ms - timestamp > window:
        raise BinanceError(-1021, "Timestamp for this request is outside of the recvWindow.")


def _verify(key: ApiKey, payload: str, signature: str) -> None:
    if not key.verify(payload, signature):
        raise BinanceError(-1022, "Signature for this request is not valid.")


def _decode(part: str) -> dict[str, str]:
    params: dict[str, str] = {}
    for pair in part.split("&"):
        name, equals, value = pair.partition("=")
        if equals:
            if "%" in pair or "+" in pair:  # most pairs need no decoding, and this is on the order path
                name, value = unquote_plus(name), unquote_plus(value)
            params[name] = value
    return params


def _unsigned(part: str) -> str:
    head, found, _ = part.rpartition("signature=")
    if not found or "&" in part[len(head) :]:  # none here, or not the last one: then it is signed text
        return part
    return head.removesuffix("&")


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        return orjson.dumps(value).decode()
    return str(value)
