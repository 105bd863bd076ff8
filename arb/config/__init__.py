"""Configuration: TOML read with every mistake named at its place, checked into immutable models."""

from arb.config.credentials import Credentials, read_credentials
from arb.config.load import load_config
from arb.config.mistakes import ConfigErrors, Mistake
from arb.config.models import Binance, Bybit, Config

__all__ = [
    "Binance",
    "Bybit",
    "Config",
    "ConfigErrors",
    "Credentials",
    "Mistake",
    "load_config",
    "read_credentials",
]
