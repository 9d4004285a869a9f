"""What can be done with collections, characters and their models: one verb a file."""
