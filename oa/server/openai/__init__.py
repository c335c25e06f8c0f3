"""/v1: the OpenAI API, for every program that speaks it."""
