"""From a recipe and data to a checkpoint: templates and masks, recipes, runs, trainers."""
