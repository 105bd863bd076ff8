"""The money of perpetuals, one-way mode: positions with their cost, margin, funding; exact to the last digit.

Per position `cost` is the exact sum of price times quantity of what is open. Closing a part of it releases a
share cut to eight decimals, and the remainder of that cut stays in `cost`, so that
wallet - all costs + what was paid for contracts + fees is the opening wallet for ever.
"""

from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from decimal import Decimal

from arb.simexchange.amounts import ZERO, down8
from arb.simexchange.orders import Order
from arb.simexchange.perpetual import Perpetual
from arb.simexchange.spec import Listing

LEVERAGE = 10
MAINTENANCE = Decimal("0.004")  # of the notional


@dataclass(slots=True)
class Position:
    """`qty` is negative for a short one, and `cost` has its sign; sums since the account was opened."""

    qty: Decimal = ZERO
    cost: Decimal = ZERO
    realised: Decimal = ZERO
    fees: Decimal = ZERO
    funding: Decimal = ZERO
    traded: Decimal = ZERO  # what was paid for contracts, net
    updated_ms: int = 0

    @property
    def entry(self) -> Decimal:
        return (self.cost / self.qty).quantize(Decimal("1e-8")) if self.qty else ZERO

    def trade(self, qty: Decimal, price: Decimal) -> Decimal:
        """Take `qty` (negative: sell) at `price`; the profit that this realises."""
        self.traded += qty * price
        opened, profit = qty, ZERO
        if self.qty * qty < 0:
            closed = min(abs(qty), abs(self.qty)).copy_sign(qty)
            released = self.cost if closed == -self.qty else down8(self.cost * -closed / self.qty)
            profit = -closed * price - released
            self.qty += closed
            self.cost -= released
            opened = qty - closed
        self.qty += opened
        self.cost += opened * price
        self.realised += profit
        return profit

    def reducible(self, is_buy: bool) -> Decimal:
        """How much of it an order of that side closes."""
        return abs(self.qty) if self.qty and (self.qty > 0) != is_buy else ZERO


class PerpetualAccount:
    """Positions and leverage by symbol, cross margin in the quote asset out of `wallet`, which this moves by
    realised profit, fees and funding alone. A venue with one wallet for everything gives the one it has."""

    def __init__(
        self,
        wallet: MutableMapping[str, Decimal],
        perpetuals: Mapping[str, Perpetual],
        leverage: int = LEVERAGE,
    ) -> None:
        self.wallet = wallet
        self.positions = {symbol: Position() for symbol in perpetuals}
        self.leverage: dict[str, int | Decimal] = dict.fromkeys(perpetuals, leverage)
        self._perpetuals = perpetuals

    def listing_of(self, symbol: str) -> Listing:
        return self._perpetuals[symbol].listing

    def asset_of(self, symbol: str) -> str:
        return self.listing_of(symbol).quote

    def trade(
        self, symbol: str, qty: Decimal, price: Decimal, fee: Decimal, fee_asset: str, now_ms: int
    ) -> Decimal:
        """One fill; the profit it realised."""
        position = self.positions[symbol]
        profit = position.trade(qty, price)
        position.updated_ms = now_ms
        self._receive(self.asset_of(symbol), profit)
        self._charge(fee_asset, fee)
        if fee_asset == self.asset_of(symbol):
            position.fees += fee
        return profit

    def fund(self, symbol: str, now_ms: int) -> Decimal:
        """Pay or get the funding of this instant; what the wallet changed by."""
        position, perpetual = self.positions[symbol], self._perpetuals[symbol]
        if not position.qty:
            return ZERO
        change = -down8(position.qty * perpetual.mark * perpetual.rate)
        position.funding += change
        self._receive(self.asset_of(symbol), change)
        return change

    def unrealised(self, symbol: str) -> Decimal:
        position = self.positions[symbol]
        return position.qty * self._perpetuals[symbol].mark - position.cost if position.qty else ZERO

    def position_margin(self, symbol: str) -> Decimal:
        notional = abs(self.positions[symbol].qty) * self._perpetuals[symbol].mark
        return notional / self.leverage[symbol]

    def maintenance(self, asset: str) -> Decimal:
        total = ZERO
        for symbol, perpetual in self._perpetuals.items():
            if perpetual.listing.quote == asset:
                total += abs(self.positions[symbol].qty) * perpetual.mark * MAINTENANCE
        return total

    def order_margin(self, symbol: str, orders: Iterable[Order]) -> Decimal:
        """For what the orders would open beyond closing the position, the worse of the two sides."""
        held = self.positions[symbol].qty * self._perpetuals[symbol].mark
        buys = sells = ZERO
        for order in orders:
            if order.reduce_only:
                continue
            value = order.left * (order.price or self._perpetuals[symbol].mark)
            if order.is_buy:
                buys += value
            else:
                sells += value
        worst = max(abs(held + buys), abs(held - sells), abs(held))
        return (worst - abs(held)) / self.leverage[symbol]

    def taken(self, asset: str, orders: Iterable[Order]) -> Decimal:
        """What positions and `orders` hold of the wallet: margin, and what they have lost so far."""
        waiting = list(orders)
        total = ZERO
        for symbol, perpetual in self._perpetuals.items():
            if perpetual.listing.quote == asset:
                own = [order for order in waiting if order.listing.symbol == symbol]
                margin = self.position_margin(symbol) + self.order_margin(symbol, own)
                total += margin - self.unrealised(symbol)
        return total

    def free(self, asset: str, orders: Iterable[Order]) -> Decimal:
        """What is left for new orders; negative when the margin no longer suffices."""
        return self.wallet[asset] - self.taken(asset, orders)

    def _receive(self, asset: str, amount: Decimal) -> None:
        self.wallet[asset] += amount

    def _charge(self, asset: str, fee: Decimal) -> None:
        self.wallet[asset] -= fee
