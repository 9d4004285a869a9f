"""What people do with data sets: one verb a file."""
