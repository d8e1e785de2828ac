"""A corpus of many documents, read once by a model: what every neuron and head did, in a folder of fixed size."""
