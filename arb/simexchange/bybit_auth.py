"""Who may call Bybit's private endpoints: key, time window, signature over query or body exactly as sent."""

from arb.simexchange.bybit_errors import BybitError
from arb.simexchange.instant import Instant
from arb.simexchange.messages import Request
from arb.simexchange.signing import same, sign
from arb.simexchange.spec import Credentials

MAX_WINDOW_MS = 60_000


def check(request: Request, credentials: Credentials, now_ms: int) -> None:
    """Raise BybitError unless the request may pass: string = timestamp + key + window + (query | body)."""
    headers = request.headers
    key = headers.get("X-BAPI-API-KEY", "")
    stamp = headers.get("X-BAPI-TIMESTAMP", "")
    window = headers.get("X-BAPI-RECV-WINDOW", "5000")
    signature = headers.get("X-BAPI-SIGN", "")
    if not key or not stamp or not signature:
        raise BybitError(10001, "Request parameter error.")
    if not same(key, credentials.key):
        raise BybitError(10003, "API key is invalid.")
    text = request.query if request.method == "GET" else request.body
    if not same(sign(credentials.secret, stamp + key + window + text), signature):
        raise BybitError(10004, "error sign! please check your signature generation algorithm.")
    if not stamp.isdecimal() or not window.isdecimal() or not 0 < int(window) <= MAX_WINDOW_MS:
        raise BybitError(10001, "Request parameter error.")
    if not now_ms - int(window) <= int(stamp) < now_ms + 1000:
        raise BybitError(
            10002,
            "invalid request, please check your server timestamp or recv_window param. "
            f"req_timestamp[{stamp}],server_timestamp[{now_ms}],recv_window[{window}]",
        )


def accepts_ws(args: object, credentials: Credentials, now: Instant) -> bool:
    """`auth` of the private stream: [key, expiry in ms, hex HMAC of "GET/realtime" + expiry], not expired."""
    if not isinstance(args, list) or len(args) != 3:
        return False
    key, expires, signature = (str(value) for value in args)
    return (
        same(key, credentials.key)
        and expires.isdecimal()
        and int(expires) > now.unix_ms
        and same(sign(credentials.secret, f"GET/realtime{expires}"), signature)
    )
