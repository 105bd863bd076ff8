"""Numbers in and out: exact or refused."""

from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbcore.exact import to_decimal, to_ppm, to_steps


@given(st.integers(-(2**126), 2**126), st.integers(0, 18))
def test_a_number_comes_back_from_the_grid_it_was_put_on(n: int, decimals: int) -> None:
    with localcontext() as context:
        context.prec = 5
        out = to_decimal(n, decimals)
        assert f"{out:f}" == f"{out}" or "E" in f"{out}"
        assert to_steps(out, decimals, "n") == to_steps(f"{out:f}", decimals, "n") == n


def test_a_finer_digit_is_refused_and_zeros_are_none() -> None:
    assert to_steps("1.500", 1, "x") == 15
    assert to_steps("1e3", 0, "x") == 1000
    with pytest.raises(ValueError, match=r"x has more than 1 decimals, was '1\.51'"):
        to_steps("1.51", 1, "x")
    with pytest.raises(ValueError, match="more than 2 decimals"):
        to_steps(Decimal("0." + "0" * 30 + "1"), 2, "x")


@pytest.mark.parametrize(
    ("bps", "rounding", "ppm"),
    [
        ("10", "up", 1000),
        ("0.001", "up", 1),
        ("0.001", "down", 0),
        ("-0.001", "up", 0),
        (Decimal("7.5"), "up", 750),
        ("1.725", "up", 173),
        ("0." + "0" * 60 + "1", "up", 1),
    ],
)
def test_basis_points_round_against_us(bps: str, rounding: str, ppm: int) -> None:
    assert to_ppm(bps, "fee", rounding) == ppm  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [0.1, True, None, b"1"])
def test_other_types_are_refused(value: object) -> None:
    with pytest.raises(TypeError, match="x must be str, Decimal or int"):
        to_steps(value, 2, "x")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="x must be str, Decimal or int"):
        to_ppm(value, "x", "up")  # type: ignore[arg-type]
