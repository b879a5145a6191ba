"""Generators of the documentation: tables (``python -m tools.docs``), the animation, and the hooks of the site."""
