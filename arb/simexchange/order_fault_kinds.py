"""Faults of order entry as data: what a request of the account can meet at a venue on a bad day."""

from collections.abc import Mapping

from arb.simexchange.fault_params import ORDER, Kind, Param

PLACE, CANCEL, QUERY, OTHER = "place", "cancel", "query", "other"
ANY = "any"  # place, cancel and query
OPS = (PLACE, CANCEL, QUERY, OTHER, ANY)
TRANSPORTS = ("rest", "ws")

_REQUESTS = (PLACE, CANCEL, QUERY, OTHER, ANY)
_ACTIONS = (PLACE, CANCEL)
_ENDINGS = (
    "none: nothing comes; reset: the connection ends by RST; close: by FIN; half: it ends so in the midst of "
    "the answer; error: an HTML page of `status`, on WebSockets the venue's error of unknown outcome"
)
_STATUS = Param(502, "of the HTML page", low=400, high=599)

ORDER_KINDS: Mapping[str, Kind] = {
    "order_before": Kind(
        ORDER,
        "the request never reaches the matching engine",
        {"answer": Param("none", _ENDINGS, words=("none", "reset", "close", "error")), "status": _STATUS},
        ops=_REQUESTS,
    ),
    "order_after": Kind(
        ORDER,
        "the request is carried out, its answer is lost",
        {
            "answer": Param("none", _ENDINGS, words=("none", "reset", "close", "half", "error")),
            "status": _STATUS,
        },
        ops=_REQUESTS,
    ),
    "order_error": Kind(
        ORDER,
        "the request is answered with an error of choice",
        {
            "code": Param(-1000, "the venue's number", low=-100_000, high=1_000_000),
            "message": Param("", "the venue's words"),
            "status": Param(0, "HTTP status, 0 is what the venue uses for errors", high=599),
            "body": Param("", "the whole answer in the place of code and message"),
            "retry_after_s": Param(0, "Retry-After, 0 is none"),
            "accepted": Param(False, "the request is carried out all the same"),
        },
        ops=_REQUESTS,
    ),
    "order_late": Kind(
        ORDER,
        "the request waits before the matching engine; its time window was checked when it came",
        {
            "delay_ms": Param(500, "how long it waits"),
            "answer": Param("late", f"late: after that; {_ENDINGS}", words=("late", "none", "reset")),
        },
        ops=_ACTIONS,
    ),
    "order_partial": Kind(
        ORDER,
        "only a part of the order finds a counterparty, the rest expires",
        {"fraction": Param(0.5, "of the quantity, cut to whole lots", high=1)},
        ops=(PLACE,),
    ),
    "index_lag": Kind(
        ORDER,
        "queries know nothing of the order for a while after its acceptance",
        {"duration_ms": Param(500, "from the acceptance on")},
        ops=(PLACE,),
    ),
    "rate_limited": Kind(
        ORDER,
        "the request is refused as one too many",
        {
            "status": Param(429, "429, or 418 for a ban; Bybit: 429 or 403", low=403, high=429),
            "retry_after_s": Param(1, "until requests are welcome again"),
        },
        ops=(ANY, *_REQUESTS),
    ),
    "maintenance": Kind(
        ORDER,
        "every request is answered with an HTML page, WebSockets are closed and refused",
        {
            "duration_ms": Param(2_000, "how long"),
            "status": Param(503, "of the answers", low=500, high=599),
        },
    ),
    "clock_skew": Kind(
        ORDER,
        "the venue's clock is wrong by that much",
        {
            "offset_ms": Param(2_000, "positive: ahead", low=-3_600_000, high=3_600_000),
            "duration_ms": Param(5_000, "how long"),
        },
    ),
    "logon_ended": Kind(ORDER, "the venue ends the logons of its order and account connections", {}),
    "listen_key_expired": Kind(
        ORDER, "the listenKey in force ends before its time", {}, venues=("binance",), markets=("usdm",)
    ),
}
