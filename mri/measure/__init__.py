"""Numbers of recordings: arrays in, arrays out, with bounds where something was not captured."""
