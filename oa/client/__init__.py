"""How a program talks to a hub."""
