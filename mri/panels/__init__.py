"""Figures: arrays in, `go.Figure` out."""
