"""File formats: what stands in a file becomes records of the domain, and the other way round."""
