"""Models that answer: the engines, the queue before them, prompts, and what is installed."""
