"""Networks that look at pictures: recipes, data, metrics and predictors. Only ``recipes`` is free of torch."""
