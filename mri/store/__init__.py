"""Sessions on disk: a journal while recording, one HDF5 file when finished. Imports no torch; h5py lives here only."""
