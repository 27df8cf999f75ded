"""Client of an Argilla server: the only place that talks to it."""
