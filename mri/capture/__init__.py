"""From a forward pass to frames: hooks, attention, reduction, the byte budget; recorders of any model."""
