"""What can be done about training, one verb a file."""
