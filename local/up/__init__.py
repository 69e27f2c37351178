"""Keep the whole pipeline running on this machine, with a page that shows what becomes of each request."""
