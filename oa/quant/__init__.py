"""Models made smaller: other number formats, other file formats, and what that costs."""
