"""Who may call Binance's signed endpoints: key, signature over the exact bytes, time window."""

from collections.abc import Mapping
from urllib.parse import unquote_plus

from arb.simexchange.binance_errors import BinanceError, missing
from arb.simexchange.messages import Request
from arb.simexchange.signing import same, sign
from arb.simexchange.spec import Credentials

MAX_WINDOW_MS = 60_000
DEFAULT_WINDOW_MS = 5_000
AHEAD_MS = 1_000


def params_of(request: Request) -> dict[str, str]:
    """Query and form body; the query wins where both name a parameter."""
    params = _decode(request.body)
    params.update(_decode(request.query))
    return params


def signed_params(request: Request, credentials: Credentials, now_ms: int) -> dict[str, str]:
    """The parameters of a request that passed every check, else BinanceError.

    payload = query ++ body without separator, each as sent and without the signature, which comes last
    in its part.
    """
    check_key(request.headers.get("X-MBX-APIKEY"), credentials)
    params = params_of(request)
    signature = params.get("signature")
    if not signature:
        raise missing("signature")
    payload = _unsigned(request.query) + _unsigned(request.body)
    if not same(sign(credentials.secret, payload), signature):
        raise BinanceError(-1022, "Signature for this request is not valid.")
    check_window(params, now_ms)
    return params


def signed_ws_params(params: Mapping[str, object], credentials: Credentials, now_ms: int) -> dict[str, str]:
    """WS-API: all parameters but the signature, by name, apiKey included, raw and not percent-encoded."""
    texts = {name: _text(value) for name, value in params.items()}
    check_key(texts.get("apiKey"), credentials)
    signature = texts.pop("signature", "")
    if not signature:
        raise missing("signature")
    payload = "&".join(f"{name}={texts[name]}" for name in sorted(texts))
    if not same(sign(credentials.secret, payload), signature):
        raise BinanceError(-1022, "Signature for this request is not valid.")
    check_window(texts, now_ms)
    return texts


def check_key(key: str | None, credentials: Credentials) -> None:
    if not key:
        raise BinanceError(-2014, "API-key format invalid.", 401)
    if not same(key, credentials.key):
        raise BinanceError(-2015, "Invalid API-key, IP, or permissions for action.", 401)


def check_window(params: Mapping[str, str], now_ms: int) -> None:
    """`timestamp < serverTime + 1000 && serverTime - timestamp <= recvWindow`; microseconds are taken too."""
    stamp = params.get("timestamp", "")
    if not stamp.isascii() or not stamp.isdecimal():
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
    return str(value)
