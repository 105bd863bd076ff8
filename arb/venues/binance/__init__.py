"""Binance: spot market data over WebSocket, orders over REST, private events over the WebSocket API."""
