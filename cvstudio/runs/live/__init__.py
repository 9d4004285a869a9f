"""The way of events to open sockets: a hint, never the truth. What gets lost here is read from the database."""
