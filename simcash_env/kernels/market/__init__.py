"""The intraday liquidity market inside the tick: orders, matching, loans and interest."""
