"""Reject codes that say: this instrument's trading rules are not what we hold them to be; read them again."""

from __future__ import annotations

from collections.abc import Mapping

FILTER_CODES: Mapping[str, frozenset[int]] = {
    "binance": frozenset({-1013, -1111, -4003, -4004, -4005, -4014, -4016, -4023, -4024, -4131, -4164}),
    "bybit": frozenset(
        {
            *(110003, 110017, 110094, 30208, 30209),
            *range(170132, 170138),
            *(170140, 170148),
            *(170192, 170193, 170194, 170371, 170372),
        }
    ),
}
