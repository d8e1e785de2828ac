"""The warm process that generates: its handle in the server, and the child."""
