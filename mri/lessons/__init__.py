"""The lessons: their texts, the numbers in them, and what a reader does."""
