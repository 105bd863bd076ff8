"""Between numbers as people write them and integers on a grid: exact or refused, never a float."""

from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, Context, Decimal, Inexact
from typing import Literal

Number = str | Decimal | int

# Wider than any 128-bit integer: the caller's decimal context must not round what is exact.
_EXACT = Context(prec=80, rounding=ROUND_DOWN, traps=[Inexact])
_AVERAGE = Context(prec=28)
_PPM_OF_BPS = 100


def to_decimal(n: int, decimals: int) -> Decimal:
    """`n` steps of 10^-decimals as n / 10^decimals, exactly; never n x step."""
    return Decimal(n).scaleb(-decimals, _EXACT)


def to_steps(value: Number, decimals: int, what: str) -> int:
    """`value` in steps of 10^-decimals. `what` names it in errors.

    Raises TypeError for a float, ValueError for no number or a digit finer than the grid.
    """
    number = _number(value, what)
    # Within this range nothing below can round or take long, whatever the text was.
    if number and not -40 < number.adjusted() < 40:
        raise ValueError(f"{what} is out of range, was {value!r}")
    try:
        scaled = number.scaleb(decimals, _EXACT)
        steps = int(scaled)
    except Inexact:
        steps, scaled = 0, Decimal(1)
    if steps != scaled:
        raise ValueError(f"{what} has more than {decimals} decimals, was {value!r}")
    return steps


def to_bound(value: Number, decimals: int, what: str, rounding: Literal["up", "down"]) -> int:
    """`value` >= 0 in steps of 10^-decimals, rounded; one above 0 never becomes 0, which would be no bound.

    Errors as `to_steps`.
    """
    number = _number(value, what)
    if number < 0 or (number and not -40 < number.adjusted() < 40):
        raise ValueError(f"{what} is out of range, was {value!r}")
    scaled = number.scaleb(decimals, _EXACT)
    steps = int(scaled.to_integral_value(ROUND_CEILING if rounding == "up" else ROUND_FLOOR))
    return max(steps, 1) if number else 0


def to_cost(qty: Number, price: Number) -> Decimal:
    """qty x price with at most 18 decimals."""
    cost = Context(prec=80).multiply(_number(qty, "quantity"), _number(price, "price"))
    return cost.quantize(Decimal(1).scaleb(-18), context=Context(prec=80))


def to_ppm(bps: Number, what: str, rounding: Literal["up", "down"]) -> int:
    """Basis points as parts per million; errors as `to_steps`, and beyond +-10,000 bps."""
    number = _number(bps, what)
    if not -10_000 < number < 10_000:
        raise ValueError(f"{what} must be between -10000 and 10000 basis points, was {bps!r}")
    scaled = Context(prec=len(str(number)) + 8).multiply(number, _PPM_OF_BPS)
    return int(scaled.to_integral_value(ROUND_CEILING if rounding == "up" else ROUND_FLOOR))


def average(notional: int, qty: int, price_decimals: int) -> Decimal:
    """notional / qty, both on the grid, as a price of 28 digits."""
    return _AVERAGE.divide(Decimal(notional), Decimal(qty)).scaleb(-price_decimals, _AVERAGE)


def _number(value: Number, what: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | Decimal | int):
        raise TypeError(f"{what} must be str, Decimal or int, was {type(value).__name__}")
    try:
        number = Decimal(value)
    except ArithmeticError:
        raise ValueError(f"{what} must be a number, was {value!r}") from None
    if not number.is_finite():
        raise ValueError(f"{what} must be finite, was {value!r}")
    return number
