"""What people may do with surveys, stars, predictions and downloads, one verb a file."""
