"""What takes longer than a request: indexes and groups over sessions, with threads and caches."""
