"""What holds on a real MariaDB too."""
