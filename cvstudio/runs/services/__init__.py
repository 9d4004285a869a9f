"""What can be done with runs, one verb a file."""
