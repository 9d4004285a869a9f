"""The recipe that trains a recogniser of characters."""
