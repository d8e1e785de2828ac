"""What a recording did not keep and its weights still know: who wrote what in detail, and what is lost without it."""
