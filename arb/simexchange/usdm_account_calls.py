"""The USD-M account by call: balances, positions, configuration, fee rates, listenKey."""

from collections.abc import Callable, Mapping

from arb.simexchange import binance_errors as errors
from arb.simexchange.amounts import ZERO
from arb.simexchange.binance_desk import Call, Need, Params
from arb.simexchange.binance_errors import BinanceError
from arb.simexchange.binance_params import flag, integer
from arb.simexchange.instant import Instant
from arb.simexchange.perpetual import Perpetual
from arb.simexchange.perpetual_account import MAINTENANCE
from arb.simexchange.spec import Fees
from arb.simexchange.usdm_listen import ListenKeys
from arb.simexchange.usdm_orders import UsdmOrders
from arb.simexchange.usdm_shapes import Json, money, qty_text
from arb.simexchange.usdm_wallet import UsdmWallet

MARGIN_ASSET = "USDT"
MOST_LEVERAGE = 125
MOST_NOTIONAL = "1000000"
_SUCCESS = {"code": 200, "msg": "success"}


class UsdmAccountCalls:
    def __init__(
        self,
        wallet: UsdmWallet,
        orders: UsdmOrders,
        perpetuals: Mapping[str, Perpetual],
        fees: Fees,
        listen_keys: ListenKeys,
        configured: Callable[[str, int, Instant], None],
    ) -> None:
        self._wallet = wallet
        self._orders = orders
        self._perpetuals = perpetuals
        self._fees = fees
        self._listen_keys = listen_keys
        self._configured = configured
        self._is_cross = dict.fromkeys(perpetuals, True)
        self.burns_bnb = False

    def table(self) -> dict[str, Call]:
        read, trade, key = Need.READ, Need.TRADE, Need.KEY
        return {
            "v2/account.balance": Call(self._balance, 5, read),
            "v2/account.status": Call(self._status, 5, read),
            "v2/account.position": Call(self._positions, 5, read),
            "accountConfig": Call(self._config, 5, read),
            "symbolConfig": Call(self._symbol_config, 5, read),
            "leverageBracket": Call(self._brackets, 1, read),
            "commissionRate": Call(self._commission, 20, read),
            "income": Call(lambda params, now: [], 30, read),
            "feeBurn": Call(lambda params, now: {"feeBurn": self.burns_bnb}, 30, read),
            "feeBurn.set": Call(self._set_burn, 1, trade),
            "positionSide": Call(lambda params, now: {"dualSidePosition": self._orders.is_hedge}, 30, read),
            "positionSide.set": Call(self._set_side_mode, 1, trade),
            "multiAssetsMargin": Call(lambda params, now: {"multiAssetsMargin": False}, 30, read),
            "leverage.set": Call(self._set_leverage, 1, trade),
            "marginType.set": Call(self._set_margin_type, 1, trade),
            "userDataStream.start": Call(self._start_stream, 1, key),
            "userDataStream.ping": Call(self._renew_stream, 1, key),
            "userDataStream.stop": Call(self._stop_stream, 1, key),
        }

    def _balance(self, params: Params, now: Instant) -> object:
        return [self._balance_row(asset, now) for asset in self._wallet.wallet]

    def _balance_row(self, asset: str, now: Instant) -> Json:
        row = self._asset_row(asset, now)
        return {
            "accountAlias": "SgsR",
            "asset": asset,
            "balance": row["walletBalance"],
            "crossWalletBalance": row["crossWalletBalance"],
            "crossUnPnl": row["crossUnPnl"],
            "availableBalance": row["availableBalance"],
            "maxWithdrawAmount": row["maxWithdrawAmount"],
            "marginAvailable": True,
            "updateTime": now.unix_ms,
        }

    def _status(self, params: Params, now: Instant) -> object:
        rows = [self._asset_row(asset, now) for asset in self._wallet.wallet]
        usdt = next(row for row in rows if row["asset"] == MARGIN_ASSET)
        positions = [{name: row[name] for name in _POSITION_SHORT} for row in self._rows(params, now)]
        return {
            "totalInitialMargin": usdt["initialMargin"],
            "totalMaintMargin": usdt["maintMargin"],
            "totalWalletBalance": usdt["walletBalance"],
            "totalUnrealizedProfit": usdt["unrealizedProfit"],
            "totalMarginBalance": usdt["marginBalance"],
            "totalPositionInitialMargin": usdt["positionInitialMargin"],
            "totalOpenOrderInitialMargin": usdt["openOrderInitialMargin"],
            "totalCrossWalletBalance": usdt["crossWalletBalance"],
            "totalCrossUnPnl": usdt["crossUnPnl"],
            "availableBalance": usdt["availableBalance"],
            "maxWithdrawAmount": usdt["maxWithdrawAmount"],
            "assets": rows,
            "positions": positions,
        }

    def _positions(self, params: Params, now: Instant) -> object:
        """Only symbols with a position or an open order."""
        rows = self._rows(params, now)
        return [{name: row[name] for name in row if name != "unrealizedProfit"} for row in rows]

    def _config(self, params: Params, now: Instant) -> object:
        return {
            "feeTier": 0,
            "canTrade": True,
            "canDeposit": True,
            "canWithdraw": False,
            "dualSidePosition": self._orders.is_hedge,
            "updateTime": 0,
            "multiAssetsMargin": False,
            "tradeGroupId": -1,
        }

    def _symbol_config(self, params: Params, now: Instant) -> object:
        return [
            {
                "symbol": symbol,
                "marginType": "CROSSED" if self._is_cross[symbol] else "ISOLATED",
                "isAutoAddMargin": False,
                "leverage": self._wallet.leverage[symbol],
                "maxNotionalValue": MOST_NOTIONAL,
            }
            for symbol in self._symbols(params)
        ]

    def _brackets(self, params: Params, now: Instant) -> object:
        bracket = {
            "bracket": 1,
            "initialLeverage": MOST_LEVERAGE,
            "notionalCap": int(MOST_NOTIONAL),
            "notionalFloor": 0,
            "maintMarginRatio": float(MAINTENANCE),
            "cum": 0.0,
        }
        return [{"symbol": symbol, "brackets": [bracket]} for symbol in self._symbols(params)]

    def _commission(self, params: Params, now: Instant) -> object:
        return {
            "symbol": self._orders.listing(params).symbol,
            "makerCommissionRate": f"{self._fees.maker:f}",
            "takerCommissionRate": f"{self._fees.taker:f}",
            "rpiCommissionRate": "0.00005",
        }

    def _set_burn(self, params: Params, now: Instant) -> object:
        self.burns_bnb = flag(params, "feeBurn")
        return _SUCCESS

    def _set_side_mode(self, params: Params, now: Instant) -> object:
        wanted = flag(params, "dualSidePosition")
        if wanted == self._orders.is_hedge:
            raise BinanceError(*errors.SAME_POSITION_SIDE)
        if self._orders.store.open():
            raise BinanceError(*errors.SIDE_MODE_WITH_ORDERS)
        if any(position.qty for position in self._wallet.positions.values()):
            raise BinanceError(*errors.SIDE_MODE_WITH_POSITION)
        self._orders.is_hedge = wanted
        return _SUCCESS

    def _set_leverage(self, params: Params, now: Instant) -> object:
        symbol = self._orders.listing(params).symbol
        if "leverage" not in params:
            raise errors.missing("leverage")
        leverage = integer(params, "leverage", 0)
        if not 1 <= leverage <= MOST_LEVERAGE:
            raise BinanceError(-4028, f"Leverage {leverage} is not valid")
        self._wallet.leverage[symbol] = leverage
        self._configured(symbol, leverage, now)
        return {"leverage": leverage, "maxNotionalValue": MOST_NOTIONAL, "symbol": symbol}

    def _set_margin_type(self, params: Params, now: Instant) -> object:
        symbol = self._orders.listing(params).symbol
        wanted = params.get("marginType")
        if wanted not in ("ISOLATED", "CROSSED"):
            raise errors.missing("marginType")
        if (wanted == "CROSSED") == self._is_cross[symbol]:
            raise BinanceError(*errors.SAME_MARGIN_TYPE)
        if self._orders.store.open(symbol):
            raise BinanceError(*errors.MARGIN_TYPE_WITH_ORDERS)
        if self._wallet.positions[symbol].qty:
            raise BinanceError(*errors.MARGIN_TYPE_WITH_POSITION)
        self._is_cross[symbol] = wanted == "CROSSED"
        return _SUCCESS

    def _start_stream(self, params: Params, now: Instant) -> object:
        return {"listenKey": self._listen_keys.start(now)}

    def _renew_stream(self, params: Params, now: Instant) -> object:
        return {"listenKey": self._listen_keys.renew(now)}

    def _stop_stream(self, params: Params, now: Instant) -> object:
        self._listen_keys.stop(now)
        return {}

    def _symbols(self, params: Params) -> list[str]:
        return [self._orders.listing(params).symbol] if "symbol" in params else list(self._perpetuals)

    def _asset_row(self, asset: str, now: Instant) -> Json:
        wallet, unrealised, positions, orders = self._wallet.wallet[asset], ZERO, ZERO, ZERO
        for symbol, perpetual in self._perpetuals.items():
            perpetual.refresh(now)
            if perpetual.listing.quote == asset:
                unrealised += self._wallet.unrealised(symbol)
                positions += self._wallet.position_margin(symbol)
                orders += self._wallet.order_margin(symbol, self._orders.store.open(symbol))
        available = max(ZERO, wallet + unrealised - positions - orders)
        return {
            "asset": asset,
            "walletBalance": money(wallet),
            "unrealizedProfit": money(unrealised),
            "marginBalance": money(wallet + unrealised),
            "maintMargin": money(self._wallet.maintenance(asset)),
            "initialMargin": money(positions + orders),
            "positionInitialMargin": money(positions),
            "openOrderInitialMargin": money(orders),
            "crossWalletBalance": money(wallet),
            "crossUnPnl": money(unrealised),
            "availableBalance": money(available),
            "maxWithdrawAmount": money(available),
            "marginAvailable": True,
            "updateTime": now.unix_ms,
        }

    def _rows(self, params: Params, now: Instant) -> list[Json]:
        """Positions with every key that one answer or the other has."""
        rows: list[Json] = []
        for symbol in self._symbols(params):
            position, waiting = self._wallet.positions[symbol], self._orders.store.open(symbol)
            if not position.qty and not waiting:
                continue
            perpetual = self._perpetuals[symbol]
            perpetual.refresh(now)
            listing, mark = perpetual.listing, perpetual.mark
            of_position = self._wallet.position_margin(symbol)
            of_orders = self._wallet.order_margin(symbol, waiting)
            bids = sum((order.left * (order.price or ZERO) for order in waiting if order.is_buy), ZERO)
            asks = sum((order.left * (order.price or ZERO) for order in waiting if not order.is_buy), ZERO)
            profit = money(self._wallet.unrealised(symbol))
            rows.append(
                {
                    "symbol": symbol,
                    "positionSide": "BOTH",
                    "positionAmt": qty_text(listing, position.qty),
                    "entryPrice": f"{position.entry.normalize():f}",
                    "breakEvenPrice": f"{position.entry.normalize():f}",
                    "markPrice": f"{mark:.8f}",
                    "unRealizedProfit": profit,
                    "unrealizedProfit": profit,
                    "liquidationPrice": "0",
                    "isolatedMargin": "0",
                    "notional": money(position.qty * mark),
                    "marginAsset": listing.quote,
                    "isolatedWallet": "0",
                    "initialMargin": money(of_position + of_orders),
                    "maintMargin": money(abs(position.qty) * mark * MAINTENANCE),
                    "positionInitialMargin": money(of_position),
                    "openOrderInitialMargin": money(of_orders),
                    "adl": 1,
                    "bidNotional": f"{bids.normalize():f}",
                    "askNotional": f"{asks.normalize():f}",
                    "updateTime": position.updated_ms,
                }
            )
        return rows


_POSITION_SHORT = (
    "symbol",
    "positionSide",
    "positionAmt",
    "unrealizedProfit",
    "isolatedMargin",
    "notional",
    "isolatedWallet",
    "initialMargin",
    "maintMargin",
    "updateTime",
)
