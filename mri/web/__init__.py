"""The app: server, guard, routes, live stream, and the parts that pages are made of."""
