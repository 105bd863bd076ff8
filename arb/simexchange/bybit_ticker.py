"""Bybit's ticker of one symbol: the REST row, and the topic (spot whole each time, linear what changed)."""

import orjson

from arb.simexchange.amounts import plain
from arb.simexchange.book import Book
from arb.simexchange.instant import MILLISECOND_NS, Instant
from arb.simexchange.perpetual import Perpetual
from arb.simexchange.spec import BYBIT, SPOT

SPOT_PERIOD_NS = 50 * MILLISECOND_NS
LINEAR_PERIOD_NS = 100 * MILLISECOND_NS
_FUNDING_CAP = "0.005"

Row = dict[str, object]


class Ticker:
    """`perpetual` gives mark, index and funding; None for spot."""

    def __init__(self, book: Book, perpetual: Perpetual | None) -> None:
        assert book.listing.venue == BYBIT
        self._book = book
        self._perpetual = perpetual
        self._is_spot = book.listing.market == SPOT
        self._period_ns = SPOT_PERIOD_NS if self._is_spot else LINEAR_PERIOD_NS
        self._next_ns = 0
        self._sent: Row = {}

    def rest_row(self, now: Instant) -> Row:
        row: Row = {"symbol": self._book.listing.symbol}
        for name, is_bid in (("bid1", True), ("ask1", False)):
            best = self._book.best(is_bid)
            row |= {
                f"{name}Price": plain(best[0]) if best else "",
                f"{name}Size": plain(best[1]) if best else "",
            }
        last = self._book.best(True)
        row |= dict.fromkeys(
            ("lastPrice", "prevPrice24h", "highPrice24h", "lowPrice24h"), plain(last[0]) if last else ""
        )
        row |= {"price24hPcnt": "0", "turnover24h": "0", "volume24h": "0"}
        perpetual = self._perpetual
        if perpetual is None:
            return row
        perpetual.refresh(now)
        return row | {
            "prevPrice1h": row["lastPrice"],
            "indexPrice": f"{perpetual.index:.2f}",
            "markPrice": f"{perpetual.mark:.2f}",
            "openInterest": "0",
            "openInterestValue": "0",
            "fundingRate": plain(perpetual.rate),
            "nextFundingTime": str(perpetual.next_funding_ms(now.unix_ms)),
            "fundingIntervalHour": str(perpetual.interval_hours),
            "fundingCap": _FUNDING_CAP,
            "predictedDeliveryPrice": "",
            "basisRate": "",
            "basisRateYear": "",
            "basis": "",
            "deliveryFeeRate": "",
            "deliveryTime": "0",
            "preOpenPrice": "",
            "preQty": "",
            "curPreListingPhase": "",
        }

    def snapshot(self, now: Instant, *, is_followed: bool) -> bytes:
        """What a new subscriber gets: what the others have, so that the next delta continues it too."""
        if not is_followed or not self._sent:
            self._sent = self._topic_row(now)
        return self._message("snapshot", self._sent, now)

    def push(self, now: Instant) -> bytes | None:
        """What is due now, None for nothing."""
        if now.mono_ns < self._next_ns:
            return None
        self._next_ns = (now.mono_ns // self._period_ns + 1) * self._period_ns
        row = self._topic_row(now)
        changed = {name: value for name, value in row.items() if self._sent.get(name) != value}
        self._sent = row
        if not changed:
            return None
        if self._is_spot:
            return self._message("snapshot", row, now)
        return self._message("delta", {"symbol": row["symbol"], **changed}, now)

    def _topic_row(self, now: Instant) -> Row:
        row = self.rest_row(now)
        if self._is_spot:  # the spot ticker has no best prices
            return {name: value for name, value in row.items() if "1" not in name}
        return row | {"tickDirection": "ZeroMinusTick"}

    def _message(self, kind: str, row: Row, now: Instant) -> bytes:
        symbol = self._book.listing.symbol
        head = {"topic": f"tickers.{symbol}", "type": kind, "data": row, "cs": self._book.last_id}
        return orjson.dumps(head | {"ts": now.unix_ms})
