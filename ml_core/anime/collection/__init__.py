"""Collections of pictures, one folder a character: reading, copies, splits, doubts about labels."""
