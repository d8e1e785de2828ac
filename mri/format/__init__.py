"""What a recording is: settings, hook points, layout, frames and sessions, and their bytes. No torch, no files."""
