"""Text encoders: a small one trained from nothing, and BERT where it can be had."""
