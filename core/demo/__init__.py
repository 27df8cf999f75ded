"""The built-in data and the tour that shows the whole loop on it."""
