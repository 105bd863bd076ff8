"""Bybit v5: spot market data and private events over WebSocket, orders over REST."""
