"""What takes room on the disk, what would come back when it goes, and its deletion."""
