"""Sessions to take away: DataFrames, tables, files."""
