"""What every Binance market offers of market data: instruments, streams, snapshots, probes and the clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import orjson

from arb.venues import fields
from arb.venues.base import (
    BookProbe,
    ClockPort,
    Credentials,
    ErrorClass,
    HttpDone,
    HttpPort,
    HttpRequest,
    MarketStream,
    SocketPort,
    VenueError,
    VenueEvents,
    VenueFailure,
    VenueInstrument,
)
from arb.venues.binance import tables
from arb.venues.binance.markets import Market
from arb.venues.binance.rest import BinanceRest
from arb.venues.binance.signing import encoded
from arb.venues.binance.streams import BinanceDialect
from arb.venues.clock import VenueClock
from arb.venues.endpoints import endpoint
from arb.venues.liveness import LivenessRules
from arb.venues.rate_budget import RateBudget
from arb.venues.settings import VenueSettings
from arb.venues.sharding import Shard, shards
from arb.venues.subscriptions import Subscriptions
from arb.venues.symbols import Symbols

OnInstruments = Callable[[Sequence[VenueInstrument] | VenueFailure], None]
_MINUTE_NS = 60_000_000_000


class BinanceMarketData:
    """`urls`: `rest` and `ws` without a path; none has a default."""

    def __init__(
        self,
        market: Market,
        name: str,
        urls: Mapping[str, str | None],
        http: HttpPort,
        sockets: SocketPort,
        clock: ClockPort,
        events: VenueEvents,
        credentials: Credentials | None,
        settings: VenueSettings | None,
        random: Callable[[], float],
    ) -> None:
        self._market = market
        self._name = name
        self._settings = VenueSettings() if settings is None else settings
        self._sockets = sockets
        self._port = clock
        self._random = random
        self._ws = endpoint(urls, "ws", name)
        self._dialect = BinanceDialect(market.messages_per_s)
        self.clock = VenueClock(clock)
        self._symbols = Symbols()
        self._budget = RateBudget(
            market.weight_limit, _MINUTE_NS, share_percent=self._settings.limit_share_percent
        )
        self._rest = BinanceRest(
            endpoint(urls, "rest", name), http, self.clock, events, self._settings, credentials, self._budget
        )
        self._rest.on_clock_refused = self.measure_clock

    @property
    def name(self) -> str:
        return self._name

    @property
    def budget(self) -> RateBudget:
        return self._budget

    # Instruments.

    def instruments(self, symbols: Sequence[str], on_done: OnInstruments) -> None:
        wanted = [self._market.venue_symbol(symbol) for symbol in symbols]
        if self._market.lists_by_symbol:
            query = encoded({"symbols": orjson.dumps(wanted).decode()}) + "&showPermissionSets=false"
        else:
            query = ""
        self._rest.read_public(
            self._market.exchange_info,
            query,
            partial(self._listed, symbols, on_done, narrow=self._market.lists_by_symbol),
        )

    def _listed(self, symbols: Sequence[str], on_done: OnInstruments, result: Any, narrow: bool) -> None:
        if isinstance(result, VenueFailure):
            if narrow and result.code == tables.BAD_SYMBOL:
                # One unknown symbol fails the whole question: ask for everything and pick.
                self._rest.read_public(
                    self._market.exchange_info,
                    "showPermissionSets=false",
                    partial(self._listed, symbols, on_done, narrow=False),
                )
                return
            on_done(result)
            return
        try:
            wanted = {self._market.venue_symbol(symbol) for symbol in symbols}
            info = fields.mapping(result, "exchangeInfo")
            listed = fields.rows(info.get("symbols"), "symbols")
            found = [
                self._market.instrument(row)
                for row in listed
                if row.get("symbol") in wanted and self._market.is_ours(row)
            ]
            self._take_limits(info)
        except VenueError as error:
            on_done(VenueFailure(ErrorClass.unknown, 200, f"exchangeInfo: {error}"))
            return
        found = [instrument for instrument in found if instrument.symbol in symbols]
        self._symbols.update(found)
        self._found(found)
        on_done(found)

    def _found(self, instruments: Sequence[VenueInstrument]) -> None:
        """A market with orders allows them from now on."""

    def _take_limits(self, info: Mapping[str, Any]) -> None:
        for row in fields.rows(info.get("rateLimits", []), "rateLimits"):
            if (row.get("rateLimitType"), row.get("interval")) == ("REQUEST_WEIGHT", "MINUTE"):
                per_minute = fields.integer(row, "limit") // max(1, fields.integer(row, "intervalNum"))
                self._budget.limit = max(1, per_minute)

    # Market data.

    def market_stream(self, symbols: Sequence[str]) -> MarketStream:
        streams = self.market_streams(symbols)
        if len(streams) != 1:
            raise VenueError(f"{self._name}: {len(symbols)} symbols need {len(streams)} connections")
        return streams[0]

    def market_streams(self, symbols: Sequence[str]) -> list[MarketStream]:
        topics = {symbol: self._topics(symbol) for symbol in symbols}
        return [self._stream(self._market.book_path, part) for part in shards(topics, self._market.limits)]

    def _topics(self, symbol: str) -> tuple[str, ...]:
        lower = self._symbols.get(symbol).venue_symbol.lower()
        wanted = [tables.DEPTH_STREAM, tables.TICKER_STREAM]
        if self._settings.trades and self._market.trade_stream:
            wanted.append(self._market.trade_stream)
        return tuple(topic.format(symbol=lower) for topic in wanted)

    def _stream(self, path: str, shard: Shard) -> MarketStream:
        return MarketStream(
            url=f"{self._ws}{path}?streams={'/'.join(shard.in_url)}",
            frames=tuple(
                self._dialect.subscribe(number, batch) for number, batch in enumerate(shard.batches, 1)
            ),
            ping=None,
            ping_period_s=0.0,
            topics=shard.topics,
            in_url=tuple(shard.in_url),
            batches=tuple(tuple(batch) for batch in shard.batches),
        )

    def subscriptions(self, stream: MarketStream) -> Subscriptions:
        return Subscriptions(
            self._dialect,
            stream.batches,
            stream.in_url,
            timeout_ns=round(self._settings.subscribe_timeout_s * 1e9),
        )

    @property
    def snapshot_levels(self) -> int:
        return self._market.served_levels(self._settings.snapshot_levels)

    def snapshot_request(self, symbol: str) -> HttpRequest | None:
        return self._depth_request(symbol, self.snapshot_levels)

    def resubscribe_frames(self, symbol: str) -> tuple[bytes, ...]:
        """Brings a symbol back whose stream died alone; its snapshot comes over REST."""
        topics = self._topics(symbol)
        return tuple(
            orjson.dumps({"method": method, "params": topics, "id": "again"})
            for method in ("UNSUBSCRIBE", "SUBSCRIBE")
        )

    def _depth_request(self, symbol: str, levels: int) -> HttpRequest:
        query = f"symbol={self._symbols.get(symbol).venue_symbol}&limit={levels}"
        request = self._rest.public(self._market.depth, query)
        request.weight = self._market.depth_weight(levels)
        return request

    def observe(self, done: HttpDone) -> None:
        self._rest.observe(done)

    # Quiet or dead.

    @property
    def liveness_rules(self) -> LivenessRules:
        settings = self._settings
        return LivenessRules(
            quiet_ns=round(settings.quiet_s * 1e9),
            first_ns=round(settings.first_frame_s * 1e9),
            answer_ns=round(settings.listing_timeout_s * 1e9),
            grace_ns=round(settings.moved_grace_s * 1e9),
            retry_ns=round(settings.probe_retry_s * 1e9),
            can_list=True,
        )

    def probe_request(self, symbol: str) -> HttpRequest:
        return self._depth_request(symbol, tables.PROBE_LEVELS)

    def probe_answer(self, done: HttpDone) -> BookProbe | VenueFailure:
        result = self._rest.result(done)
        if isinstance(result, VenueFailure):
            return result
        try:
            book = fields.mapping(result, "depth")
            return BookProbe(
                fields.integer(book, "lastUpdateId"), fields.best(book, "bids"), fields.best(book, "asks")
            )
        except VenueError as error:
            return VenueFailure(ErrorClass.unknown, 200, f"depth: {error}")

    # Clock.

    def measure_clock(self, on_done: Callable[[bool], None] | None = None) -> None:
        sent_ns = self.clock.mono_ns()

        def answered(result: Any) -> None:
            consistent = False
            if not isinstance(result, VenueFailure):
                try:
                    server_ms = fields.integer(fields.mapping(result, "time"), "serverTime")
                except VenueError:
                    server_ms = 0
                if server_ms > 0:
                    consistent = self.clock.bounds.add(sent_ns, self.clock.mono_ns(), server_ms * 1_000_000)
            if on_done is not None:
                on_done(consistent)

        self._rest.read_public(self._market.time, "", answered)

    def clock_ms(self) -> int | None:
        return self.clock.stamp_ms() if self.clock.bounds.known else None

    def clock_half_width_ns(self) -> int | None:
        return self.clock.bounds.half_width_ns(self.clock.mono_ns())
