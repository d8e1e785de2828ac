"""What if: one thing changed in a model for a while, as text, as hooks, at positions."""
