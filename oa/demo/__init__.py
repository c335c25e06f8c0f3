"""A simulated community: volunteers and trolls that work through the public API, for tests and for showing OA."""
