"""What the control API tells and changes of accounts: balances, positions, keys, limits, foreign orders."""

from collections.abc import Callable, Mapping
from itertools import count

from arb.simexchange.amounts import plain
from arb.simexchange.api_keys import ApiKey, KeyStore, Rights, ed25519_pair, public_key
from arb.simexchange.fields import MARKETS, FieldError, Fields
from arb.simexchange.instant import Instant
from arb.simexchange.order_store import LogEntry
from arb.simexchange.spec import BINANCE, SPOT
from arb.simexchange.world import World


class AccountControl:
    """`revoke(key, now)` ends the logons of a key, `announced` is called when private events wait."""

    def __init__(
        self,
        world: World,
        clock: Callable[[], Instant],
        revoke: Callable[[str, Instant], int],
        announced: Callable[[], None],
    ) -> None:
        self._world = world
        self._clock = clock
        self._revoke = revoke
        self._announced = announced
        self._numbers = count(1)

    def accounts(self) -> object:
        """Per venue and asset `free`, `locked`, `total` and `fees` taken so far, as exact decimal strings."""
        return {
            name: {
                asset: {
                    "free": plain(venue.account.free[asset]),
                    "locked": plain(venue.account.locked[asset]),
                    "total": plain(venue.account.total(asset)),
                    "fees": plain(venue.account.fees[asset]),
                }
                for asset in venue.account.assets
            }
            for name, venue in self._world.venues.items()
        }

    def positions(self) -> object:
        """Of the perpetuals {"balances": {asset: amount}, "positions": {symbol: {qty, ...}}}, exact."""
        views = {"binance_usdm": self._world.binance.usdm, "bybit_linear": self._world.bybit.linear}
        return {name: market.as_json() for name, market in views.items() if market is not None}

    def keys(self) -> object:
        return {
            venue: {"uid": str(keys.uid), "keys": {name: key_json(key) for name, key in keys.keys.items()}}
            for venue, keys in self._stores().items()
        }

    def add_key(self, fields: Fields) -> object:
        """{"venue", "type": "hmac" | "ed25519", "key", "secret" | "public_key", rights}: what is not given is
        made up. The answer has the secret or the private key."""
        venue = fields.text("venue", words=tuple(MARKETS))
        kind = fields.text("type", "hmac", ("hmac", "ed25519"))
        number = next(self._numbers)
        name = fields.text("key", f"simkey{number}".ljust(64, "0"))
        rights = _rights(fields)
        secret: dict[str, object] = {}
        if kind == "hmac":
            text = fields.text("secret", f"simsecret{number}".ljust(64, "0"))
            key = ApiKey(name, text, rights=rights)
            secret["secret"] = text
        elif venue != BINANCE:
            raise FieldError("type: only binance takes Ed25519 keys")
        elif "public_key" in fields:
            try:
                key = ApiKey(name, public=public_key(fields.text("public_key")), rights=rights)
            except ValueError as error:
                raise FieldError(f"public_key: {error}") from None
        else:
            key, secret["private_key"] = ed25519_pair(name, f"{self._world.spec.seed}:{name}", rights)
        fields.done()
        self._stores()[venue].add(key)
        return {"venue": venue, "key": name, **key_json(key), **secret}

    def revoke_key(self, name: str) -> object:
        """Of all venues; None where there is no such key. Its logons and streams end."""
        found = [venue for venue, keys in self._stores().items() if keys.remove(name) is not None]
        if not found:
            return None
        return {"key": name, "venues": found, "ended": self._revoke(name, self._clock())}

    def limits(self) -> object:
        """Request weight of Binance's markets and the order counts of all: limits, what is used, refusals."""
        return {
            venue: {market: self._limits_of(venue, market) for market in self._world.venues[venue].markets}
            for venue in self._world.venues
        }

    def set_limits(self, fields: Fields) -> object:
        """{"venue", "market", "orders", "window_s", "kind": "fixed" | "rolling"} for the shortest of the
        order limits; {"limit", "ban_after", "ban_seconds", "forgive": true} for the weight of Binance."""
        venue, market = fields.place() if "venue" in fields else (BINANCE, fields.text("market", SPOT))
        if market not in self._world.venues[venue].markets:
            raise FieldError(f"market: must be one of {', '.join(self._world.venues[venue].markets)}")
        changes: list[Callable[[], None]] = []
        if "orders" in fields:
            orders, seconds = fields.integer("orders", low=1), fields.integer("window_s", 1, 1, 86_400)
            is_rolling = fields.text("kind", "fixed", ("fixed", "rolling")) == "rolling"
            counts = self._world.venues[venue].order_counts[market]
            changes.append(lambda: counts.set(orders, seconds, is_rolling=is_rolling))
        if venue == BINANCE:
            weights = self._world.binance.limits[market]
            limit = fields.integer("limit", weights.limit, 0, 1 << 31)
            ban_after = fields.integer("ban_after", weights.ban_after, 0, 1 << 31)
            ban_seconds = fields.integer("ban_seconds", weights.ban_seconds, 0, 1 << 31)

            def change() -> None:
                weights.limit, weights.ban_after, weights.ban_seconds = limit, ban_after, ban_seconds

            changes.append(change)
            if fields.flag("forgive"):
                changes.append(weights.forgive)
        fields.done()
        for apply in changes:
            apply()
        return self._limits_of(venue, market)

    def foreign_order(self, fields: Fields) -> object:
        """An order on our account that is not ours: {"venue", "market", "symbol", "side", "qty", "price",
        "client_id"}, at the market without a price; "kind": "liquidation" | "adl" closes a position."""
        venue, market = fields.place()
        symbol = fields.text("symbol", words=tuple(self._world.venues[venue].books.get(market, ())))
        kind = fields.text("kind", "order", ("order", "liquidation", "adl"))
        qty, now = fields.decimal("qty"), self._clock()
        if kind == "order":
            is_buy = fields.text("side", words=("buy", "sell")) == "buy"
            price = fields.decimal("price") if "price" in fields else None
            client_id = fields.text("client_id", f"foreign{next(self._numbers)}")
            fields.done()
            order = self._world.venues[venue].foreign(market, symbol, is_buy, qty, price, client_id, now)
            refusal = "refused: not enough balance or margin"
        else:
            fields.done()
            order = self._world.venues[venue].force_close(market, symbol, qty, kind, now)
            refusal = "refused: there is no position"
        if order is None:
            raise FieldError(refusal)
        self._announced()
        return LogEntry("place", now.mono_ns, venue, symbol, order.client_id, 0, "", order, market).as_json()

    def set_fees(self, fields: Fields) -> object:
        """{"venue": "binance", "market", "fee_asset", "amount", "price"}: fees are paid in a third asset, of
        which the account gets `amount` first and whose price in USDT is given."""
        venue, market = fields.place()
        asset = fields.text("fee_asset")
        amount, price = fields.decimal("amount"), fields.decimal("price")
        fields.done()
        if not self._world.venues[venue].use_fee_asset(market, asset, amount, price):
            raise FieldError(f"market: {venue} {market} takes fees in no other asset here")
        return {"venue": venue, "market": market, "fee_asset": asset}

    def _stores(self) -> Mapping[str, KeyStore]:
        return {name: venue.keys for name, venue in self._world.venues.items()}

    def _limits_of(self, venue: str, market: str) -> dict[str, object]:
        now = self._clock()
        counts = self._world.venues[venue].order_counts[market]
        rows: dict[str, object] = {"orders": counts.as_json(now), "orders_refused": counts.refused}
        weights = self._world.binance.limits[market].as_json(now) if venue == BINANCE else {}
        return weights | rows


def key_json(key: ApiKey) -> dict[str, object]:
    rights = key.rights
    return {
        "type": "ed25519" if key.is_ed25519 else "hmac",
        "read": rights.reading,
        "spot": rights.spot,
        "futures": rights.futures,
        "withdraw": rights.withdrawals,
        "transfer": rights.transfers,
        "ip_bound": rights.ip_bound,
        "ips": list(rights.ips),
        "expires_ms": rights.expires_ms,
        "read_only": rights.read_only,
    }


def _rights(fields: Fields) -> Rights:
    """`trade` is spot and futures at once."""
    trade = fields.flag("trade", True)
    ips = fields.texts("ips")
    return Rights(
        reading=fields.flag("read", True),
        spot=fields.flag("spot", trade),
        futures=fields.flag("futures", trade),
        withdrawals=fields.flag("withdraw"),
        transfers=fields.flag("transfer"),
        ip_bound=fields.flag("ip_bound", bool(ips) or "ips" not in fields),
        ips=ips,
        expires_ms=fields.integer("expires_ms", 1) if "expires_ms" in fields else None,
        read_only=fields.flag("read_only"),
    )
