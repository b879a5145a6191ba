"""Whatever bytes a file holds: it loads, or a named error says why not. ``make fuzz`` runs these for hours."""
