"""What a browser or another program sees: routes, strip, pages, security, metrics."""
