"""How a recogniser answers single images in the inference worker."""
