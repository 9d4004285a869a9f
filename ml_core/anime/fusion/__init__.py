"""Image and text about one character: what each says, and how far the text is believed."""
