"""nanochat MRI: record, store and replay what happens inside a nanochat model at every step."""
