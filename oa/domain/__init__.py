"""The rules of collecting conversations, free of I/O: facts in, decisions out."""
