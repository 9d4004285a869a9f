"""What people may do with sensors, scenes, chains and maps, one verb a file."""
