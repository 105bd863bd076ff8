"""What every Bybit market offers of market data: instruments, streams, probes and the clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
from arb.venues.bybit import tables
from arb.venues.bybit.markets import Market
from arb.venues.bybit.rest import BybitRest
from arb.venues.bybit.streams import BybitDialect
from arb.venues.clock import VenueClock
from arb.venues.endpoints import endpoint
from arb.venues.liveness import LivenessRules
from arb.venues.rate_budget import RateBudget
from arb.venues.settings import VenueSettings
from arb.venues.sharding import Shard, shards
from arb.venues.subscriptions import Subscriptions
from arb.venues.symbols import Symbols

OnInstruments = Callable[[Sequence[VenueInstrument] | VenueFailure], None]


class BybitMarketData:
    """`urls`: `rest` without a path, `ws_public` up to `/v5/public`; none has a default."""

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
        settings = VenueSettings() if settings is None else settings
        if settings.stream_levels not in tables.STREAM_LEVELS:
            raise VenueError(f"{name}: stream_levels is one of {tables.STREAM_LEVELS}")
        self._market = market
        self._name = name
        self._settings = settings
        self._sockets = sockets
        self._port = clock
        self._random = random
        self._ws_public = endpoint(urls, "ws_public", name)
        self._dialect = BybitDialect()
        self.clock = VenueClock(clock)
        self._symbols = Symbols()
        self._budget = RateBudget(
            tables.IP_REQUESTS, tables.IP_WINDOW_NS, share_percent=settings.limit_share_percent
        )
        self._rest = BybitRest(
            endpoint(urls, "rest", name), http, self.clock, events, settings, credentials, self._budget
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
        for symbol in symbols:
            self._market.venue_symbol(symbol)  # VenueError for one of another market

        def listed(result: Any) -> None:
            if isinstance(result, VenueFailure):
                on_done(result)
                return
            try:
                found = [
                    self._market.instrument(row) for row in result if self._market.symbol(row) in symbols
                ]
            except VenueError as error:
                on_done(VenueFailure(ErrorClass.unknown, 200, f"instruments-info: {error}"))
                return
            self._symbols.update(found)
            self._found(found)
            on_done(found)

        query = f"category={self._market.category}&limit={tables.INSTRUMENTS_LIMIT}"
        self._rest.read_pages(tables.INSTRUMENTS, query, False, listed)

    def _found(self, instruments: Sequence[VenueInstrument]) -> None:
        """A market with orders allows them from now on."""

    # Market data.

    def market_stream(self, symbols: Sequence[str]) -> MarketStream:
        streams = self.market_streams(symbols)
        if len(streams) != 1:
            raise VenueError(f"{self._name}: {len(symbols)} symbols need {len(streams)} connections")
        return streams[0]

    def market_streams(self, symbols: Sequence[str]) -> list[MarketStream]:
        topics = {symbol: self._topics(symbol) for symbol in symbols}
        return [self._stream(part) for part in shards(topics, self._market.limits)]

    def _topics(self, symbol: str) -> tuple[str, ...]:
        venue_symbol = self._symbols.get(symbol).venue_symbol
        topics: tuple[str, ...] = (
            tables.DEPTH_TOPIC.format(levels=self._settings.stream_levels, symbol=venue_symbol),
            tables.DEPTH_TOPIC.format(levels=1, symbol=venue_symbol),
        )
        if self._settings.trades:
            topics += (tables.TRADE_TOPIC.format(symbol=venue_symbol),)
        return topics

    def _stream(self, shard: Shard) -> MarketStream:
        return MarketStream(
            url=f"{self._ws_public}/{self._market.category}",
            frames=tuple(
                self._dialect.subscribe(number, batch) for number, batch in enumerate(shard.batches, 1)
            ),
            ping=tables.PING,
            ping_period_s=self._settings.ping_period_s,
            topics=shard.topics,
            batches=tuple(tuple(batch) for batch in shard.batches),
        )

    def subscriptions(self, stream: MarketStream) -> Subscriptions:
        return Subscriptions(
            self._dialect,
            stream.batches,
            timeout_ns=round(self._settings.subscribe_timeout_s * 1e9),
        )

    @property
    def snapshot_levels(self) -> int:
        return self._settings.stream_levels

    def snapshot_request(self, symbol: str) -> HttpRequest | None:
        return None

    def resubscribe_frames(self, symbol: str) -> tuple[bytes, ...]:
        """The depth topic alone: level 1 repeats its snapshot every 3 s by itself."""
        depth = [self._topics(symbol)[0]]
        return tuple(
            orjson.dumps({"req_id": "r", "op": operation, "args": depth})
            for operation in ("unsubscribe", "subscribe")
        )

    def observe(self, done: HttpDone) -> None:
        self._rest.result(done)

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
            repeat_ns=round(settings.best_repeat_s * 1e9),
            begins_with_snapshot=True,
        )

    def probe_request(self, symbol: str) -> HttpRequest:
        venue_symbol = self._symbols.get(symbol).venue_symbol
        query = f"category={self._market.category}&symbol={venue_symbol}&limit={tables.PROBE_LEVELS}"
        return self._rest.public(tables.ORDERBOOK, query)

    def probe_answer(self, done: HttpDone) -> BookProbe | VenueFailure:
        """`seq`, since `u` counts for each topic and here is that of the 1,000 levels. It moves with levels
        deeper than ours too: only with another touch is a higher one a proof."""
        result = self._rest.result(done)
        if isinstance(result, VenueFailure):
            return result
        try:
            book = fields.mapping(result, "orderbook")
            return BookProbe(fields.integer(book, "seq"), fields.best(book, "b"), fields.best(book, "a"))
        except VenueError as error:
            return VenueFailure(ErrorClass.unknown, 200, f"orderbook: {error}")

    # Clock.

    def measure_clock(self, on_done: Callable[[bool], None] | None = None) -> None:
        sent_ns = self.clock.mono_ns()

        def answered(result: Any) -> None:
            consistent = False
            if not isinstance(result, VenueFailure):
                try:
                    server_ns = fields.integer(fields.mapping(result, "time"), "timeNano")
                except VenueError:
                    server_ns = 0
                if server_ns > 0:
                    # Cut to ms all the same: orders are judged against a clock of milliseconds.
                    consistent = self.clock.bounds.add(
                        sent_ns, self.clock.mono_ns(), server_ns // 1_000_000 * 1_000_000
                    )
            if on_done is not None:
                on_done(consistent)

        self._rest.read_public(tables.TIME, "", answered)

    def clock_ms(self) -> int | None:
        return self.clock.stamp_ms() if self.clock.bounds.known else None

    def clock_half_width_ns(self) -> int | None:
        return self.clock.bounds.half_width_ns(self.clock.mono_ns())
