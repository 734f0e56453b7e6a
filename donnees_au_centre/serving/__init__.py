"""The pages that this machine serves to a browser, and who may speak to them."""
