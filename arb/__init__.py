"""Cross-exchange crypto arbitrage: the asyncio shell around `arbcore`."""
