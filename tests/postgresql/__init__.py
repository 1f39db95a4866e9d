"""What holds on a real PostgreSQL too."""
