"""The hub on HTTP: decode, authorise, ask the hub, answer. Nothing here decides what is right."""
