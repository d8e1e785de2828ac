"""One generation: the engine that steps, who steers it, and its recording."""
