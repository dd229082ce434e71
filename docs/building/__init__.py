"""How the documentation becomes a site: pages made from the sources, and what Sphinx is told besides."""
