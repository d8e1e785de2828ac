"""The live stream: who watches which session, and what waits to be sent."""
