"""Pages of the panel, one file a page."""
