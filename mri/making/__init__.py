"""How the embedded model, the demos and the recordings of the lessons are made. Not needed to use them."""
