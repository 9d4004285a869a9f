"""Labels that are likely wrong, by what is said about an image from which nothing was learnt."""
