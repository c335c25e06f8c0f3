"""One module for each way of running a model. Nothing imports them but what loads an engine."""
