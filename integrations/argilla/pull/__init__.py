"""Pull of people's decisions out of datasets."""
