"""What lies on disk: weights, sizes, tokenizers, in every layout that people have, read without trusting it."""
