"""The service: simulations over HTTP and WebSockets, and the viewer. Needs the ``service`` extra."""
