"""A scan as one HTML file that opens without a server."""
