"""One shard read by a model: its tokens, the pass, and what is kept of neurons and heads."""
