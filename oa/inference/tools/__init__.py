"""Tools that a model may use while it answers: what they are, how it asks for them, and what they may reach."""
