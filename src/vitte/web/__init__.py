"""Parts of HTTP that the public API and the admin panel share."""
