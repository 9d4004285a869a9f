"""What several benchmarks set up alike. Not benchmarks themselves."""
