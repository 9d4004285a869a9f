"""The product's classifier, the specification's and the baselines on the same stars, scored by one rule."""
