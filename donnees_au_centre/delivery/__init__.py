"""What is delivered: the platform at one revision, and the domains that have a release cycle of their own."""
