"""The terminal interface: labelling, writing and ranking by keys alone."""
