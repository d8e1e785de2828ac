"""The numbers of each lesson, from its recordings and weights."""
