"""Bybit linear perpetuals as one piece: matching, positions on the unified account, funding, leverage."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from arb.simexchange.account import Account
from arb.simexchange.amounts import ZERO, plain
from arb.simexchange.book import Book
from arb.simexchange.bybit_account_shapes import Funding, Margin
from arb.simexchange.bybit_linear_orders import BybitLinearOrders, BybitMargin
from arb.simexchange.instant import Instant
from arb.simexchange.orders import Event, Order, Trade
from arb.simexchange.perpetual import Perpetual
from arb.simexchange.perpetual_matching import PerpetualMatching
from arb.simexchange.spec import Fees

FEES = Fees(maker=Decimal("0.0002"), taker=Decimal("0.00055"))
_FIRST_FUNDING = 9_000_000_000_000


class BybitLinear:
    """`announce(events, now)` takes what orders did, `funded(payment, now)` what funding did."""

    def __init__(
        self,
        books: Mapping[str, Book],
        perpetuals: Mapping[str, Perpetual],
        account: Account,
        first_trade: int,
        announce: Callable[[Sequence[Event], Instant], None],
        funded: Callable[[Funding, Instant], None],
    ) -> None:
        self.perpetuals = perpetuals
        self.margin = BybitMargin(account, perpetuals)
        self.matching = PerpetualMatching(books.values(), self.margin, FEES, first_trade, lambda fee: fee)
        self.orders = BybitLinearOrders(self.matching, self.margin, perpetuals)
        self.fundings: list[Funding] = []
        self.settled: list[tuple[str, Decimal, int]] = []  # symbol, rate, Unix ms of each interval that ended
        self._account = account
        self._announce = announce
        self._funded = funded
        self._due_ms: dict[str, int] = {}  # symbol -> when the next payment is due

    def advance(self, now: Instant) -> list[Trade]:
        """Funding that is due; the public trades since the last call."""
        for symbol, perpetual in self.perpetuals.items():
            due_ms = self._due_ms.setdefault(symbol, perpetual.next_funding_ms(now.unix_ms))
            if now.unix_ms >= due_ms:
                self._due_ms[symbol] = perpetual.next_funding_ms(now.unix_ms)
                self.fund(symbol, now)
        trades, self.matching.trades = self.matching.trades, []
        return trades

    def fund(self, symbol: str, now: Instant) -> None:
        """Settle the funding of a symbol at this instant."""
        perpetual, position = self.perpetuals[symbol], self.margin.positions[symbol]
        perpetual.refresh(now)
        self.settled.append((symbol, perpetual.rate, now.unix_ms))
        change = self.margin.fund(symbol, now.unix_ms)
        if not position.qty:
            return
        number = _FIRST_FUNDING + len(self.fundings)
        payment = Funding(
            number, perpetual.listing, position.qty, perpetual.mark, perpetual.rate, -change, now.unix_ms
        )
        self.fundings.append(payment)
        self._funded(payment, now)

    def force_close(self, symbol: str, qty: Decimal, kind: str, now: Instant) -> Order | None:
        """Close up to `qty` of a position at the market, as the venue does it ("liquidation" or "adl"); None
        without a position."""
        held = self.margin.positions[symbol].qty
        if not held:
            return None
        listing, number = self.margin.listing_of(symbol), self.orders.store.next_id()
        order = Order(
            number,
            "",
            listing,
            held < 0,
            "MARKET",
            "IOC",
            None,
            min(qty, abs(held)),
            now.unix_ms,
            reduce_only=True,
            origin=kind,
        )
        events = self.matching.place(order, now.unix_ms)
        assert isinstance(events, list)
        self.orders.store.add(order)
        self._announce(events, now)
        return order

    def margins(self) -> dict[str, Margin]:
        """By settle asset."""
        sums: dict[str, Margin] = {}
        resting = self.matching.resting
        for symbol, position in self.margin.positions.items():
            asset = self.margin.asset_of(symbol)
            own = [order for order in resting if order.listing.symbol == symbol]
            one = Margin(
                self.margin.order_margin(symbol, own),
                self.margin.position_margin(symbol),
                ZERO,
                self.margin.unrealised(symbol),
                position.realised + position.funding - position.fees,
            )
            before = sums.get(asset, Margin())
            sums[asset] = Margin(*(a + b for a, b in zip(before, one, strict=True)))
        return {
            asset: margin._replace(maintenance=self.margin.maintenance(asset))
            for asset, margin in sums.items()
        }

    def taken(self, asset: str) -> Decimal:
        """What of the wallet is not free for spot orders."""
        return self.margin.taken(asset, self.matching.resting)

    def as_json(self) -> dict[str, object]:
        """The account for the control API, exact: the balances are those of the unified account."""
        return {
            "balances": {asset: plain(self._account.total(asset)) for asset in self._account.assets},
            "positions": {
                symbol: {
                    "qty": plain(position.qty),
                    "entry_price": plain(position.entry),
                    "cost": plain(position.cost),
                    "realised": plain(position.realised),
                    "fees": plain(position.fees),
                    "funding": plain(position.funding),
                }
                for symbol, position in self.margin.positions.items()
            },
        }
