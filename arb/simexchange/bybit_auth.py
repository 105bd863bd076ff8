"""Who may call Bybit's private endpoints: key, time window, signature over query or body exactly as sent."""

from arb.simexchange.api_keys import ApiKey, KeyStore
from arb.simexchange.bybit_errors import BybitError
from arb.simexchange.instant import Instant
from arb.simexchange.messages import Request
from arb.simexchange.rates import OrderWindow
from arb.simexchange.signing import same, sign
from arb.simexchange.spec import LINEAR

MAX_WINDOW_MS = 60_000
_DAY_MS = 86_400_000


def check(request: Request, keys: KeyStore, now_ms: int) -> ApiKey:
    """The key of a request that may pass, else BybitError; signed: stamp + key + window + query or body."""
    headers = request.headers
    name = headers.get("X-BAPI-API-KEY", "")
    stamp = headers.get("X-BAPI-TIMESTAMP", "")
    window = headers.get("X-BAPI-RECV-WINDOW", "5000")
    signature = headers.get("X-BAPI-SIGN", "")
    if not name or not stamp or not signature:
        raise BybitError(10001, "Request parameter error.")
    key = keys.find(name)
    if key is None:
        raise BybitError(10003, "API key is invalid.")
    text = request.query if request.method == "GET" else request.body
    if not same(sign(key.secret, stamp + name + window + text), signature):
        raise BybitError(10004, "error sign! please check your signature generation algorithm.")
    check_window(stamp, window, now_ms)
    return key


def check_window(stamp: str, window: str, now_ms: int) -> None:
    """BybitError unless server - window <= stamp < server + 1000, all in ms."""
    if not stamp.isdecimal() or not window.isdecimal() or not 0 < int(window) <= MAX_WINDOW_MS:
        raise BybitError(10001, "Request parameter error.")
    if not now_ms - int(window) <= int(stamp) < now_ms + 1000:
        raise BybitError(
            10002,
            "invalid request, please check your server timestamp or recv_window param. "
            f"req_timestamp[{stamp}],server_timestamp[{now_ms}],recv_window[{window}]",
        )


def check_rights(key: ApiKey, peer: str, market: str, now: Instant, *, reads: bool) -> None:
    """BybitError for what the key may not do, or no longer, or not from there."""
    if key.rights.expires_ms is not None and now.arrived_ms >= key.rights.expires_ms:
        raise BybitError(33004, "Your api key has expired.")
    if not key.rights.admits(peer, now.arrived_ms):
        raise BybitError(10010, "Unmatched IP, please check your API key's bound IP addresses.")
    if not (key.rights.reading if reads else may_trade(key, market)):
        raise BybitError(10005, "Permission denied, please check your API key permissions.")


def may_trade(key: ApiKey, market: str) -> bool:
    return key.rights.may_trade(futures=market == LINEAR)


def accepts_ws(args: object, keys: KeyStore, now: Instant) -> ApiKey | None:
    """The key of `auth`: [key, expiry in ms, hex HMAC of "GET/realtime" + expiry], not expired; else None."""
    if not isinstance(args, list) or len(args) != 3:
        return None
    name, expires, signature = (str(value) for value in args)
    key = keys.find(name)
    if key is None or not expires.isdecimal() or int(expires) <= now.unix_ms:
        return None
    return key if same(sign(key.secret, f"GET/realtime{expires}"), signature) else None


def limit_headers(limit: OrderWindow, now: Instant) -> dict[str, str]:
    return {
        "X-Bapi-Limit": str(limit.limit),
        "X-Bapi-Limit-Status": str(limit.left(now)),
        "X-Bapi-Limit-Reset-Timestamp": str(limit.free_ms(now)),
    }


def key_facts(key: ApiKey, uid: int, now: Instant) -> dict[str, object]:
    """query-api: what the venue says of the key that asks."""
    rights = key.rights
    wallet = [
        name for name, has in (("AccountTransfer", rights.transfers), ("Withdraw", rights.withdrawals)) if has
    ]
    ends = rights.expires_ms
    facts: dict[str, object] = {
        "readOnly": int(rights.read_only),
        "permissions": {
            "ContractTrade": ["Order", "Position"] if may_trade(key, LINEAR) else [],
            "Spot": ["SpotTrade"] if may_trade(key, "") else [],
            "Wallet": wallet,
        },
        "ips": list(rights.ips) or (["127.0.0.1"] if rights.ip_bound else ["*"]),
        "uta": 1,
        "deadlineDay": -2 if ends is None else max(0, (ends - now.unix_ms) // _DAY_MS),
        "userID": uid,
    }
    if ends is not None:
        facts["expiredAt"] = f"{_iso(ends)}Z"
    return facts


def _iso(unix_ms: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(unix_ms // 1_000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
