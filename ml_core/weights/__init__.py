"""Weight files from inside and outside: read, verify, compare with a graph, convert. No torch at import."""
