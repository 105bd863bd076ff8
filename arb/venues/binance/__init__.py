"""Binance, spot and USD-M: market data, orders by WebSocket or REST, private streams, the account."""
