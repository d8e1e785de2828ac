"""What `mri check` holds a model and its recorder against: the proof that anybody can run on their own checkpoint."""
