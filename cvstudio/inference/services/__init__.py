"""One verb a file: check, execute, record."""
