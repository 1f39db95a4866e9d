"""The documentation does what it says: its commands and code are run."""
