"""What each recipe does."""
